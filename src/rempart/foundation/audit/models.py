"""The audit trail: the application may add to it and read it, and nothing else."""

from django.db import models

from rempart.foundation.database.keys import uuid7


class Entry(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    role = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    act = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_entry"
        indexes = [models.Index(fields=["subject", "at"], name="audit_by_subject")]
