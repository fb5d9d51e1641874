"""The sessions of agents: what makes them listable, bounded, and endable from elsewhere."""

from django.conf import settings
from django.db import models

from rempart.foundation.database.keys import uuid7


class Session(models.Model):
    """One device on which an agent is signed in. The web session holds its key; without this row it is over.

    `browser` is a short word of ours ("Firefox, Windows"), not what the browser says of itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    origin = models.CharField(max_length=45)
    browser = models.CharField(max_length=40)

    class Meta:
        db_table = "access_session"
