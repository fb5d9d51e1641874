import django.contrib.postgres.fields
from django.db import migrations, models

from rempart.foundation.database.row_security import EVERYWHERE, monthly_partitions

TABLE = """
    ALTER TABLE audit_entry RENAME TO audit_entry_before;
    ALTER TABLE audit_entry_before RENAME CONSTRAINT audit_entry_pkey TO audit_entry_before_pkey;
    CREATE SEQUENCE audit_entry_id AS bigint;
    CREATE TABLE audit_entry (
        id bigint NOT NULL DEFAULT nextval('audit_entry_id'),
        month date NOT NULL DEFAULT date_trunc('month', now() AT TIME ZONE 'UTC')::date,
        xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        at timestamptz NOT NULL,
        actor varchar(80) NOT NULL,
        role varchar(24) NOT NULL,
        organisation varchar(120) NOT NULL DEFAULT '',
        purpose varchar(20) NOT NULL,
        act varchar(40) NOT NULL,
        subject varchar(80) NOT NULL,
        person_id uuid,
        fields text[] NOT NULL DEFAULT '{}',
        origin varchar(45) NOT NULL DEFAULT '',
        details jsonb NOT NULL DEFAULT '{}',
        PRIMARY KEY (id, month)
    ) PARTITION BY RANGE (month);
    ALTER SEQUENCE audit_entry_id OWNED BY audit_entry.id;
    CREATE INDEX audit_in_order ON audit_entry (xid, id);
    CREATE INDEX audit_of_person ON audit_entry (person_id, at) WHERE person_id IS NOT NULL;
    CREATE INDEX audit_of_actor ON audit_entry (actor, at);
    CREATE INDEX audit_of_subject ON audit_entry (subject, at);
    CREATE INDEX audit_at ON audit_entry USING brin (at);
"""

# Months of what was there before, and two years ahead: nothing acts before the worker makes more.
MONTHS = """
    DO $$
    DECLARE
        first date := date_trunc('month', least((SELECT min(at) FROM audit_entry_before), now()) AT TIME ZONE 'UTC');
        last date := date_trunc('month', greatest((SELECT max(at) FROM audit_entry_before), now()) AT TIME ZONE 'UTC')
                     + interval '24 months';
    BEGIN
        WHILE first <= last LOOP
            PERFORM audit_entry_month(first);
            first := first + interval '1 month';
        END LOOP;
    END $$;
"""

# What the version before wrote, in its order. It did not note whose data it was: the tables of results and cases of that
# version still say so, where they are there.
ROWS = """
    INSERT INTO audit_entry (month, at, actor, role, purpose, act, subject, details)
    SELECT date_trunc('month', at AT TIME ZONE 'UTC')::date, at, actor, role, purpose, act, subject, details
    FROM audit_entry_before ORDER BY at, id;
    DROP TABLE audit_entry_before;
    DO $$
    BEGIN
        IF to_regclass('public.tracing_case') IS NOT NULL THEN
            UPDATE audit_entry e SET person_id = c.person_id FROM tracing_case c WHERE e.subject = c.id::text;
        END IF;
        IF to_regclass('public.screening_result') IS NOT NULL THEN
            UPDATE audit_entry e SET person_id = r.person_id FROM screening_result r WHERE e.subject = r.id::text;
        END IF;
    END $$;
"""

SIGHT = f"""
    ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
    CREATE POLICY adds ON audit_entry FOR INSERT WITH CHECK (true);
    CREATE POLICY everything ON audit_entry FOR SELECT
        USING ((SELECT current_setting('rempart.everything', true)) = '{EVERYWHERE}');
    CREATE POLICY own ON audit_entry FOR SELECT USING (person_id = ANY (
        (SELECT string_to_array(nullif(current_setting('rempart.person', true), ''), ',')::uuid[])::uuid[]));
"""

# Six months, as the decree says of the traces; the month is dropped whole, so that its first day stays seven at most.
DROP = """
    CREATE FUNCTION audit_drop_month(dropped date) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        part text := 'audit_entry_' || to_char(dropped, 'YYYY_MM');
        unsealed bigint;
        held bigint;
    BEGIN
        IF dropped <> date_trunc('month', dropped) THEN
            RAISE EXCEPTION 'the first day of a month is wanted, not %', dropped;
        END IF;
        IF dropped + interval '7 months' > now() AT TIME ZONE 'UTC' THEN
            RAISE EXCEPTION 'the month of % is younger than its retention of six months', dropped
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF to_regclass('public.' || part) IS NULL THEN RETURN 0; END IF;
        EXECUTE format('SELECT count(*) FROM %I', part) INTO held;
        SELECT held - coalesce(sum(count), 0) INTO unsealed FROM audit_block WHERE month = dropped;
        IF unsealed <> 0 THEN
            RAISE EXCEPTION 'the month of % holds % entries and its blocks do not count as many', dropped, held
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        INSERT INTO audit_dropped_month (month, entries, dropped_at) VALUES (dropped, held, now());
        UPDATE audit_block SET leaves = NULL WHERE month = dropped;
        EXECUTE format('DROP TABLE %I', part);
        RETURN held;
    END $$;
    REVOKE ALL ON FUNCTION audit_drop_month(date) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    """The trail by months, in an order that a late commit cannot skip, with the blocks that seal it."""

    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            "Block",
            [
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("month", models.DateField()),
                ("count", models.IntegerField()),
                ("leaves", models.BinaryField(null=True)),
                ("entries", models.BinaryField()),
                ("before", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
                ("digest", models.BinaryField()),
                ("last_xid", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
            ],
            {"db_table": "audit_block", "indexes": [models.Index(fields=["month"], name="audit_block_of_month")]},
        ),
        migrations.CreateModel(
            "Anchor",
            [
                ("block", models.BigIntegerField(primary_key=True, serialize=False)),
                ("signed_at", models.DateTimeField()),
                ("statement", models.BinaryField()),
                ("signature", models.BinaryField()),
                ("certificate", models.BinaryField()),
            ],
            {"db_table": "audit_anchor"},
        ),
        migrations.CreateModel(
            "DroppedMonth",
            [
                ("month", models.DateField(primary_key=True, serialize=False)),
                ("entries", models.BigIntegerField()),
                ("dropped_at", models.DateTimeField()),
            ],
            {"db_table": "audit_dropped_month"},
        ),
        migrations.RunSQL(
            [TABLE, monthly_partitions("audit_entry"), MONTHS, ROWS, SIGHT, DROP],
            state_operations=[
                migrations.DeleteModel("Entry"),
                migrations.CreateModel(
                    "Entry",
                    [
                        ("pk", models.CompositePrimaryKey("id", "month", blank=True, editable=False, primary_key=True, serialize=False)),
                        ("id", models.BigIntegerField()),
                        ("month", models.DateField()),
                        ("at", models.DateTimeField()),
                        ("actor", models.CharField(max_length=80)),
                        ("role", models.CharField(max_length=24)),
                        ("organisation", models.CharField(max_length=120)),
                        ("purpose", models.CharField(max_length=20)),
                        ("act", models.CharField(max_length=40)),
                        ("subject", models.CharField(max_length=80)),
                        ("person_id", models.UUIDField(null=True)),
                        ("fields", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                        ("origin", models.CharField(max_length=45)),
                        ("details", models.JSONField()),
                    ],
                    {"db_table": "audit_entry", "managed": False},
                ),
            ],
        ),
    ]
