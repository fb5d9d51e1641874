"""Tables that were brought and are not kept yet, and what each laboratory said of its columns."""

from django.db import models


class Upload(models.Model):
    """A table as it was brought, sealed until it is kept, set aside, or its day has passed.

    Under row security: those of the same establishment.
    """

    id = models.UUIDField(primary_key=True)
    agent_id = models.UUIDField()
    establishment = models.CharField(max_length=9)
    brought_at = models.DateTimeField()
    columns = models.JSONField()  # key of a column of ours: where it stands in the file
    sealed = models.BinaryField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_upload"
        indexes = [
            models.Index(fields=["establishment", "-brought_at"], name="upload_of_establishment"),
            models.Index(fields=["expires_on"], name="upload_by_expiry"),
        ]


class UploadColumns(models.Model):
    """Which column is which in files of one laboratory with these headers."""

    establishment = models.CharField(max_length=9)
    headers = models.BinaryField()  # digest of the headers, as they are compared
    columns = models.JSONField()
    said_at = models.DateTimeField()

    class Meta:
        db_table = "screening_upload_columns"
        constraints = [
            models.UniqueConstraint(fields=["establishment", "headers"], name="one_mapping_of_headers")
        ]
