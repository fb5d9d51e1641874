"""The figures of each day: how many of what, in which region. No row leads back to a person."""

from django.db import models


class Figure(models.Model):
    """`measure` is one of rules.Measure; `region` empty: of the nation, or of a place that is not known."""

    pk = models.CompositePrimaryKey("day", "measure", "region", "category")
    day = models.DateField()
    measure = models.CharField(max_length=20)
    region = models.CharField(max_length=3)
    category = models.CharField(max_length=40)
    value = models.BigIntegerField()

    class Meta:
        db_table = "oversight_figure"


class Counted(models.Model):
    """When a day was counted last."""

    day = models.DateField(primary_key=True)
    counted_at = models.DateTimeField()

    class Meta:
        db_table = "oversight_counted"
