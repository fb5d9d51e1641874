"""What screening keeps. Tables of the intake road are written by COPY and set-based SQL
(services/store.py); partitioned ones are made in the migration and read here."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rempart.screening.desk.models import DailyIntake as DailyIntake
from rempart.screening.desk.models import RefusedMessage as RefusedMessage
from rempart.screening.desk.models import Silence as Silence
from rempart.screening.handover.models import Handover as Handover
from rempart.screening.handover.models import MailboxTrial as MailboxTrial
from rempart.screening.handover.models import Unreached as Unreached
from rempart.screening.notices.models import Call as Call
from rempart.screening.notices.models import Wording as Wording
from rempart.screening.register.models import Registered as Registered
from rempart.screening.register.models import Request as Request
from rempart.screening.register.models import Trial as Trial
from rempart.screening.sampling.models import Batch as Batch
from rempart.screening.sampling.models import Drive as Drive
from rempart.screening.sampling.models import Entry as Entry
from rempart.screening.sampling.models import Preregistration as Preregistration
from rempart.screening.sampling.models import Specimen as Specimen
from rempart.screening.transcoding.models import TranscodingLine as TranscodingLine
from rempart.screening.transcoding.models import Unknown as Unknown
from rempart.screening.upload.models import Upload as Upload
from rempart.screening.upload.models import UploadColumns as UploadColumns


class Delivery(models.Model):
    """One thing a laboratory brought: a request, a file."""

    id = models.UUIDField(primary_key=True)
    received_at = models.DateTimeField()
    channel = models.CharField(max_length=8)  # https, mllp, folder, file, form
    laboratory = models.CharField(max_length=9)  # who brought it; empty: an operator
    size = models.BigIntegerField()
    digest = models.BinaryField()

    class Meta:
        db_table = "screening_delivery"
        indexes = [models.Index(fields=["laboratory", "-received_at"], name="delivery_of_laboratory")]


class Deferred(models.Model):
    """A delivery whose sender does not wait: its bytes until they are kept, then the answer; both sealed.

    Under row security. `key`: of the machine that brought it; `tries`: how often the work was begun.
    """

    id = models.UUIDField(primary_key=True)  # of the delivery
    laboratory = models.CharField(max_length=9)
    department = models.CharField(max_length=3)  # of the laboratory
    key = models.CharField(max_length=36)
    origin = models.CharField(max_length=45)
    received_at = models.DateTimeField()
    format = models.CharField(max_length=16)
    language = models.CharField(max_length=2)
    size = models.IntegerField()
    tries = models.SmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failed = models.BooleanField(default=False)
    sealed = models.BinaryField(null=True)  # the delivery, as long as it waits
    answer = models.BinaryField(null=True)
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_deferred"
        indexes = [
            models.Index(fields=["id"], condition=models.Q(done_at=None), name="deferred_waiting"),
            models.Index(
                fields=["laboratory"], condition=models.Q(done_at=None), name="deferred_of_laboratory"
            ),
            models.Index(fields=["expires_on"], name="deferred_by_expiry"),
        ]


class Message(models.Model):
    """One message of a delivery and what was decided of it; what was not accepted is kept, sealed."""

    pk = models.CompositePrimaryKey("month", "delivery_id", "position")
    month = models.DateField()
    delivery_id = models.UUIDField()
    position = models.IntegerField()
    department = models.CharField(max_length=3)  # of the laboratory that spoke
    format = models.CharField(max_length=16)
    outcome = models.CharField(max_length=8)
    findings = models.JSONField(null=True)
    sealed = models.BinaryField(null=True)
    expires_on = models.DateField(null=True)
    ledger_key = models.BinaryField(null=True)  # of a refused one, whose ledger entry goes with it

    class Meta:
        managed = False
        db_table = "screening_message"


class MessageLedger(models.Model):
    """Which messages were kept already, by digest of sender and control id (or of the content)."""

    key = models.BinaryField(primary_key=True)
    body = models.BinaryField()
    month = models.DateField()
    delivery_id = models.UUIDField()
    position = models.IntegerField()

    class Meta:
        db_table = "screening_message_ledger"


class ResultLedger(models.Model):
    """The current version of every result, by digest of laboratory, record number and analysis."""

    key = models.BinaryField(primary_key=True)
    contents = ArrayField(models.BinaryField())  # what each version said, as digests, oldest first
    month = models.DateField()
    result_id = models.UUIDField()
    version = models.IntegerField()

    class Meta:
        db_table = "screening_result_ledger"


class TestResult(models.Model):
    """One version of one result of one person; partitioned by month of reception."""

    pk = models.CompositePrimaryKey("month", "id")
    month = models.DateField()
    id = models.UUIDField()
    ledger_key = models.BinaryField()
    version = models.IntegerField()
    current = models.BooleanField()
    retracted = models.BooleanField()
    received_at = models.DateTimeField()
    delivery_id = models.UUIDField()
    laboratory = models.CharField(max_length=9)
    department = models.CharField(max_length=3)  # jurisdiction: of residence, else the laboratory's
    residence_department = models.CharField(max_length=3)  # empty when unknown
    person_id = models.UUIDField()
    identity_id = models.UUIDField()
    pathogen = models.CharField(max_length=20)
    loinc = models.CharField(max_length=10)
    kind = models.CharField(max_length=12)
    result = models.CharField(max_length=1)
    sampled_at = models.DateTimeField()
    sampled_precision = models.CharField(max_length=6)
    sampled_on = models.DateField()  # civil day of the sampling territory
    validated_at = models.DateTimeField(null=True)
    sex = models.CharField(max_length=1)
    age_class = models.CharField(max_length=2)
    residence = models.CharField(max_length=5)
    health_worker = models.BooleanField(null=True)
    symptoms = models.CharField(max_length=3)
    expires_on = models.DateField()
    sealed = models.BinaryField()  # contact details, record number, practitioners

    class Meta:
        managed = False
        db_table = "screening_result"


class AttachedDocument(models.Model):
    """A report of the laboratory as a file, beside the version of the result it came with; partitioned likewise."""

    pk = models.CompositePrimaryKey("month", "id")
    month = models.DateField()  # of reception of the result
    id = models.UUIDField()
    result_id = models.UUIDField()
    person_id = models.UUIDField()
    department = models.CharField(max_length=3)
    rank = models.SmallIntegerField()  # among those of the result, from 1
    media_type = models.CharField(max_length=15)
    size = models.IntegerField()  # bytes
    expires_on = models.DateField()  # its result's
    sealed = models.BinaryField()  # its title, a line end, the file

    class Meta:
        managed = False
        db_table = "screening_document"


class Access(models.Model):
    """The reference that was sent to a person for one result."""

    reference = models.BinaryField(primary_key=True)  # digest: the reference itself is only in the message
    month = models.DateField()
    result_id = models.UUIDField()
    person_id = models.UUIDField()
    identity_id = models.UUIDField()
    department = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_access"
        indexes = [
            models.Index(fields=["result_id"], name="access_of_result"),
            models.Index(fields=["expires_on"], name="access_by_expiry"),
        ]


class ObjectedFact(models.Model):
    """A fact of somebody who objects to the reuse of his data for research: exports for research leave it out."""

    fact_id = models.BinaryField(primary_key=True)

    class Meta:
        db_table = "screening_objected_fact"
