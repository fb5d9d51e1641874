from django.db import migrations


class Migration(migrations.Migration):
    """Each event carries the transaction that wrote it: the order in which subscribers may read."""

    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.RunSQL("""
            ALTER TABLE events_event ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
            CREATE INDEX events_in_order ON events_event (xid, id);
        """),
    ]
