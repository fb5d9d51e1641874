from django.db import migrations

from rempart.foundation.database.row_security import droppable_months, monthly_partitions, protect

DOCUMENT = """
    CREATE TABLE screening_document (
        month date NOT NULL,
        id uuid NOT NULL,
        result_id uuid NOT NULL,
        person_id uuid NOT NULL,
        department text NOT NULL,
        rank smallint NOT NULL,
        media_type text NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg')),
        size integer NOT NULL CHECK (size BETWEEN 1 AND 5242880),
        expires_on date NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (month, id)
    ) PARTITION BY RANGE (month);
    ALTER TABLE screening_document ALTER COLUMN sealed SET STORAGE EXTERNAL;
    CREATE INDEX document_of_result ON screening_document (result_id);
    CREATE INDEX document_by_expiry ON screening_document (expires_on);
"""


class Migration(migrations.Migration):
    """Reports attached to results, sealed beside them; what is sealed is not worth compressing."""

    dependencies = [("screening", "0012_deferred")]

    operations = [
        migrations.RunSQL(DOCUMENT),
        migrations.RunSQL(protect("screening_document", own=("person", "person_id"))),
        migrations.RunSQL(monthly_partitions("screening_document")),
        migrations.RunSQL(droppable_months("screening_document")),
    ]
