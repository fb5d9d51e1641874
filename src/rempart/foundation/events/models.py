"""The table of events and the subscribers' positions in it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Event(models.Model):
    """`xid` is the writing transaction (xid8); (xid, id) is the order in which subscribers read."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=40)
    payload = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        db_table = "events_event"


class Position(models.Model):
    """How far a subscriber has read; written in the transaction of what it did."""

    subscriber = models.CharField(max_length=60, primary_key=True)
    xid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)
    topics = ArrayField(models.CharField(max_length=40), null=True)  # what it reads; null: nobody knows

    class Meta:
        db_table = "events_position"
