"""What tracing keeps: one case per positive result that somebody must call."""

from django.db import models


class Case(models.Model):
    id = models.UUIDField(primary_key=True)
    result_month = models.DateField()
    result_id = models.UUIDField()
    result_key = models.BinaryField(unique=True)  # of the result across its versions
    person_id = models.UUIDField()
    identity_id = models.UUIDField()
    department = models.CharField(max_length=3)
    laboratory = models.CharField(max_length=9)
    pathogen = models.CharField(max_length=20)
    kind = models.CharField(max_length=12)
    sampled_on = models.DateField()
    received_at = models.DateTimeField()
    residence = models.CharField(max_length=5)
    health_worker = models.BooleanField(null=True)
    symptoms = models.CharField(max_length=3)
    state = models.CharField(max_length=10)
    handed_to = models.UUIDField(null=True)  # the delegate whose it is
    taken_by = models.UUIDField(null=True)
    taken_at = models.DateTimeField(null=True)
    called_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)
    expires_on = models.DateField()

    class Meta:
        db_table = "tracing_case"
        indexes = [
            models.Index(  # with the columns that row security looks at: counting reads no row
                fields=["department", "state", "-received_at", "-id"],
                include=["person_id", "handed_to"],
                name="case_in_state",
            ),
            models.Index(fields=["person_id"], name="case_of_person"),
            models.Index(fields=["expires_on"], name="case_by_expiry"),
            models.Index(fields=["taken_by", "state"], name="case_of_agent"),
            models.Index(
                fields=["handed_to", "-received_at", "-id"],
                condition=models.Q(handed_to__isnull=False),
                name="case_handed",
            ),
        ]
