"""What is kept of work by hand, for some days: the result itself has gone the road of every other."""

from django.db import models


class Entry(models.Model):
    """One result that a professional entered, as long as it may be corrected; its content is sealed.

    Under row security: whoever entered it, and those of the same establishment.
    """

    id = models.UUIDField(primary_key=True)  # the token of the form
    agent_id = models.UUIDField()
    establishment = models.CharField(max_length=9)  # of the account; empty for a practice without FINESS
    department = models.CharField(max_length=3)
    entered_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10)
    version = models.IntegerField(default=1)
    findings = models.JSONField(default=list)  # codes and places, as a message's
    sealed = models.BinaryField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_entry"
        indexes = [
            models.Index(fields=["establishment", "-entered_at"], name="entry_of_establishment"),
            models.Index(fields=["agent_id", "-entered_at"], name="entry_of_agent"),
            models.Index(fields=["expires_on"], name="entry_by_expiry"),
        ]


class Drive(models.Model):
    """One day of sampling at one place, for a laboratory that will analyse. Names nobody.

    Under row security, as its tubes and batches: of the establishment that samples and of the laboratory.
    """

    id = models.UUIDField(primary_key=True)
    establishment = models.CharField(max_length=9)
    laboratory = models.CharField(max_length=9)
    department = models.CharField(max_length=3)
    place = models.CharField(max_length=120)
    held_on = models.DateField()
    opened_by = models.UUIDField()
    opened_at = models.DateTimeField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_drive"
        indexes = [
            models.Index(fields=["establishment", "-held_on"], name="drive_of_establishment"),
            models.Index(fields=["expires_on"], name="drive_by_expiry"),
        ]


class Batch(models.Model):
    """Tubes that went to the laboratory together, with their list."""

    id = models.UUIDField(primary_key=True)
    drive_id = models.UUIDField(db_index=True)
    establishment = models.CharField(max_length=9)
    laboratory = models.CharField(max_length=9)
    department = models.CharField(max_length=3)
    tubes = models.IntegerField()
    sent_by = models.UUIDField()
    sent_at = models.DateTimeField()
    received_by = models.UUIDField(null=True)
    received_at = models.DateTimeField(null=True)  # of the last tube that was found in it
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_batch"
        indexes = [
            models.Index(fields=["laboratory", "-sent_at"], name="batch_of_laboratory"),
            models.Index(fields=["expires_on"], name="batch_by_expiry"),
        ]


class Specimen(models.Model):
    """A person registered at a drive and her tube: who she is and the tube's number are sealed; the number is found
    again by its digest, with the laboratory's."""

    id = models.UUIDField(primary_key=True)  # the key of the empty form
    drive_id = models.UUIDField()
    establishment = models.CharField(max_length=9)
    laboratory = models.CharField(max_length=9)
    department = models.CharField(max_length=3)
    number = models.BinaryField(unique=True)
    registered_by = models.UUIDField()
    registered_at = models.DateTimeField()
    notice_version = models.DateField()
    notice_language = models.CharField(max_length=2)
    notice_at = models.DateTimeField()
    sampled_at = models.DateTimeField(null=True)
    batch_id = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    result_at = models.DateTimeField(null=True)
    sealed = models.BinaryField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_specimen"
        indexes = [
            models.Index(fields=["laboratory"], name="specimen_of_laboratory"),
            models.Index(fields=["drive_id", "-registered_at"], name="specimen_of_drive"),
            models.Index(
                fields=["batch_id"], condition=models.Q(batch_id__isnull=False), name="specimen_of_batch"
            ),
            models.Index(fields=["expires_on"], name="specimen_by_expiry"),
        ]


class Preregistration(models.Model):
    """What a person said of herself before she came, sealed, until somebody picks it up by her code. Under row
    security: in nobody's sight but the platform's own."""

    code = models.BinaryField(primary_key=True)  # keyed digest
    department = models.CharField(max_length=3)  # of residence, empty when unknown
    made_at = models.DateTimeField()
    notice_version = models.DateField()
    notice_language = models.CharField(max_length=2)
    sealed = models.BinaryField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_preregistration"
        indexes = [models.Index(fields=["expires_on"], name="preregistration_by_expiry")]
