"""What is kept of the national directories. `digest`: of the row as it was read, by which a newer file is compared."""

from django.db import models


class Laboratory(models.Model):
    """A laboratory that may take part: those of the directory by their category, and those that were declared.

    `address`: where its post goes, one line each; `phone`: at which it is called back; both may be unknown.
    """

    finess = models.CharField(max_length=9, primary_key=True)
    name = models.CharField(max_length=120)
    department = models.CharField(max_length=3)
    address = models.TextField(default="", blank=True)
    phone = models.CharField(max_length=20, default="", blank=True)

    class Meta:
        db_table = "directories_laboratory"

    def __str__(self) -> str:
        return f"{self.name} ({self.finess})"


class Entity(models.Model):
    """A juridical entity of FINESS (EJ): who runs establishments."""

    digest = models.BinaryField(unique=True)
    finess = models.CharField(max_length=9, primary_key=True)
    name = models.TextField()
    department = models.TextField()  # INSEE code; empty where it cannot be told
    address = models.TextField()
    phone = models.TextField()
    status = models.TextField()  # code of its legal status
    siren = models.TextField()

    class Meta:
        db_table = "directories_entity"


class Establishment(models.Model):
    """A geographic establishment of FINESS (ET): a site, with its address."""

    digest = models.BinaryField(unique=True)
    finess = models.CharField(max_length=9, primary_key=True)
    entity = models.CharField(
        max_length=9, db_index=True
    )  # FINESS of its juridical entity, which may not be loaded
    name = models.TextField()
    department = models.TextField()  # INSEE code; empty where it cannot be told
    commune = models.TextField()  # INSEE code
    address = models.TextField()  # one line each
    phone = models.TextField()
    category = models.TextField()
    category_name = models.TextField()
    siret = models.TextField()
    opened_on = models.TextField()  # as published

    class Meta:
        db_table = "directories_establishment"
        indexes = [models.Index(fields=["category", "department"], name="establishment_by_category")]


class Position(models.Model):
    """Where an establishment stands: as published, and in degrees where the projection is known."""

    digest = models.BinaryField(unique=True)
    finess = models.CharField(max_length=9, primary_key=True)
    x = models.FloatField()
    y = models.FloatField()
    projection = models.TextField()  # LAMBERT_93, UTM_S40…
    source = models.TextField()  # who placed it, and how well, as published
    longitude = models.FloatField(null=True)  # WGS 84
    latitude = models.FloatField(null=True)

    class Meta:
        db_table = "directories_position"


class Practice(models.Model):
    """One activity of a professional, in one structure; who has several has several rows."""

    digest = models.BinaryField(primary_key=True)
    number = models.TextField()  # RPPS or ADELI, without prefix
    register = models.TextField()  # 8 RPPS, 0 ADELI
    title = models.TextField()
    family_name = models.TextField()
    first_name = models.TextField()
    profession_code = models.TextField()
    profession = models.TextField()
    specialty_code = models.TextField()
    specialty = models.TextField()
    mode = models.TextField()  # L independent, S employed…
    siret = models.TextField()
    finess = models.TextField()
    entity = models.TextField()
    structure = models.TextField()  # technical identifier of the structure
    structure_name = models.TextField()
    address = models.TextField()
    commune = models.TextField()
    phone = models.TextField()

    class Meta:
        db_table = "directories_practice"
        indexes = [models.Index(fields=["number"], name="practice_by_number")]


class Mailbox(models.Model):
    """A mailbox of MSSanté: somebody's (PER) or a structure's (ORG)."""

    digest = models.BinaryField(primary_key=True)
    address = models.TextField()
    kind = models.TextField()
    number = models.TextField()  # RPPS or ADELI of its owner; empty for a structure's
    structure = models.TextField()  # as published
    finess = models.TextField()  # the same, where it is a FINESS
    service = models.TextField()  # "service de rattachement": name, description, stamp
    title = models.TextField()
    family_name = models.TextField()
    first_name = models.TextField()
    profession_code = models.TextField()
    structure_name = models.TextField()
    structure_address = models.TextField()

    class Meta:
        db_table = "directories_mailbox"
        indexes = [
            models.Index(fields=["number"], condition=~models.Q(number=""), name="mailbox_by_number"),
            models.Index(fields=["finess"], condition=~models.Q(finess=""), name="mailbox_by_finess"),
        ]


class Load(models.Model):
    """A file that somebody gave us, and what became of it. A refused one left the directory as it was."""

    directory = models.CharField(max_length=20)
    file = models.TextField()  # its name, without folder
    digest = models.BinaryField()  # SHA-256 of the file
    published = models.CharField(
        max_length=20
    )  # when it was made, as the file or its name says; empty: unknown
    at = models.DateTimeField()
    rows = models.BigIntegerField()
    added = models.BigIntegerField()
    changed = models.BigIntegerField()
    gone = models.BigIntegerField()
    refused = models.TextField()  # why; empty: it was taken

    class Meta:
        db_table = "directories_load"
        indexes = [models.Index(fields=["directory", "-at"], name="load_by_directory")]
