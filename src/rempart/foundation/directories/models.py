"""Laboratories, by FINESS number."""

from django.db import models


class Laboratory(models.Model):
    finess = models.CharField(max_length=9, primary_key=True)
    name = models.CharField(max_length=120)
    department = models.CharField(max_length=3)

    class Meta:
        db_table = "directories_laboratory"

    def __str__(self) -> str:
        return f"{self.name} ({self.finess})"
