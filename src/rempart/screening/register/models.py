"""What is kept of each laboratory's connection. Nothing here is about a patient."""

from django.db import models


class Registered(models.Model):
    """One laboratory, the means by which it will send, and how far that is."""

    finess = models.CharField(max_length=9, primary_key=True)
    name = models.CharField(max_length=120)
    department = models.CharField(max_length=3)
    kind = models.CharField(max_length=10)  # rules.Kind
    software = models.CharField(max_length=80, default="", blank=True)
    vendor = models.CharField(max_length=80, default="", blank=True)
    result_server = models.CharField(max_length=80, default="", blank=True)
    contact_name = models.CharField(max_length=80, default="", blank=True)
    contact_phone = models.CharField(max_length=20, default="", blank=True)
    contact_email = models.CharField(max_length=254, default="", blank=True)
    state = models.CharField(max_length=10)  # rules.State
    planned_on = models.DateField(null=True, blank=True)  # the vendor's date
    blocked_by = models.CharField(max_length=300, default="", blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.UUIDField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        db_table = "screening_register"
        indexes = [models.Index(fields=["department", "state"], name="register_by_department")]


class Request(models.Model):
    """Something that a laboratory or its referent asked for, or a difficulty met in the field."""

    id = models.UUIDField(primary_key=True)
    finess = models.CharField(max_length=9)
    department = models.CharField(max_length=3)
    text = models.CharField(max_length=500)
    opened_at = models.DateTimeField()
    opened_by = models.UUIDField(null=True)
    answer = models.CharField(max_length=500, default="")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)

    class Meta:
        db_table = "screening_register_request"
        indexes = [
            models.Index(fields=["finess", "-opened_at"], name="request_of_laboratory"),
            models.Index(
                fields=["department", "opened_at"],
                condition=models.Q(closed_at__isnull=True),
                name="request_that_waits",
            ),
        ]


class Trial(models.Model):
    """What a laboratory in test sent on one day, and what would have become of it."""

    pk = models.CompositePrimaryKey("finess", "day")
    finess = models.CharField(max_length=9)
    day = models.DateField()
    accepted = models.IntegerField(default=0)
    held = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    codes = models.JSONField(default=dict)  # code of a finding: how many messages
    last_at = models.DateTimeField()

    class Meta:
        db_table = "screening_trial"
