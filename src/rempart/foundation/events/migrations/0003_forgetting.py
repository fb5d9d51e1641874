from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# The application deletes no event; this function of the owner deletes, oldest first, those that every subscriber has read.
FORGET = """
    CREATE FUNCTION events_forget(before timestamptz, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        gone bigint;
    BEGIN
        WITH oldest AS (
            SELECT id, xid, at, topic FROM events_event ORDER BY id LIMIT most
        ), due AS (
            SELECT o.id FROM oldest o
            WHERE o.at < before AND EXISTS (SELECT FROM events_position)
              AND NOT EXISTS (
                  SELECT FROM events_position p WHERE (o.xid, o.id) > (p.xid::text::xid8, p.event_id)
                                                  AND o.topic = ANY (coalesce(p.topics, ARRAY[o.topic])))
        )
        DELETE FROM events_event e USING due WHERE e.id = due.id;
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END $$;
    REVOKE ALL ON FUNCTION events_forget(timestamptz, integer) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_order")]

    operations = [
        migrations.AddField(
            "position", "topics", ArrayField(models.CharField(max_length=40), null=True)
        ),
        migrations.RunSQL(FORGET),
    ]
