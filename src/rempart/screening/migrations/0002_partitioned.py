from django.db import migrations

from rempart.foundation.database.row_security import monthly_partitions, protect

RESULT = """
    CREATE TABLE screening_result (
        month date NOT NULL,
        id uuid NOT NULL,
        ledger_key bytea NOT NULL,
        version integer NOT NULL,
        current boolean NOT NULL,
        retracted boolean NOT NULL,
        received_at timestamptz NOT NULL,
        delivery_id uuid NOT NULL,
        laboratory text NOT NULL,
        department text NOT NULL,
        residence_department text NOT NULL,
        person_id uuid NOT NULL,
        identity_id uuid NOT NULL,
        pathogen text NOT NULL,
        loinc text NOT NULL,
        kind text NOT NULL,
        result text NOT NULL CHECK (result IN ('P', 'N', 'I', 'X')),
        sampled_at timestamptz NOT NULL,
        sampled_precision text NOT NULL,
        sampled_on date NOT NULL,
        validated_at timestamptz,
        sex text NOT NULL,
        age_class text NOT NULL,
        residence text NOT NULL,
        health_worker boolean,
        symptoms text NOT NULL,
        expires_on date NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (month, id),
        CHECK (NOT (current AND retracted))
    ) PARTITION BY RANGE (month);
    CREATE INDEX result_of_person ON screening_result (person_id);
"""

MESSAGE = """
    CREATE TABLE screening_message (
        month date NOT NULL,
        delivery_id uuid NOT NULL,
        position integer NOT NULL,
        department text NOT NULL,
        format text NOT NULL,
        outcome text NOT NULL,
        findings jsonb,
        sealed bytea,
        expires_on date,
        PRIMARY KEY (month, delivery_id, position),
        CHECK (outcome = 'accepted' OR sealed IS NOT NULL)
    ) PARTITION BY RANGE (month);
"""


class Migration(migrations.Migration):
    dependencies = [("screening", "0001_initial")]

    operations = [
        migrations.RunSQL(RESULT),
        migrations.RunSQL(MESSAGE),
        migrations.RunSQL(protect("screening_result", own=("person", "person_id"))),
        migrations.RunSQL(protect("screening_message")),
        migrations.RunSQL(monthly_partitions("screening_result")),
        migrations.RunSQL(monthly_partitions("screening_message")),
    ]
