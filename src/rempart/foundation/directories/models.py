"""Laboratories, by FINESS number."""

from django.db import models


class Laboratory(models.Model):
    """`address`: where its post goes, one line each; `phone`: at which it is called back; both may be unknown."""

    finess = models.CharField(max_length=9, primary_key=True)
    name = models.CharField(max_length=120)
    department = models.CharField(max_length=3)
    address = models.TextField(default="", blank=True)
    phone = models.CharField(max_length=20, default="", blank=True)

    class Meta:
        db_table = "directories_laboratory"

    def __str__(self) -> str:
        return f"{self.name} ({self.finess})"
