from django.db import migrations, models

from rempart.foundation.database.row_security import protect_for


class Migration(migrations.Migration):
    """Tables that are brought on a page, until they are kept."""

    dependencies = [("screening", "0009_desk")]

    operations = [
        migrations.CreateModel(
            "Upload",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("agent_id", models.UUIDField()),
                ("establishment", models.CharField(max_length=9)),
                ("brought_at", models.DateTimeField()),
                ("columns", models.JSONField()),
                ("sealed", models.BinaryField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_upload",
                "indexes": [
                    models.Index(fields=["establishment", "-brought_at"], name="upload_of_establishment"),
                    models.Index(fields=["expires_on"], name="upload_by_expiry"),
                ],
            },
        ),
        migrations.CreateModel(
            "UploadColumns",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("establishment", models.CharField(max_length=9)),
                ("headers", models.BinaryField()),
                ("columns", models.JSONField()),
                ("said_at", models.DateTimeField()),
            ],
            {
                "db_table": "screening_upload_columns",
                "constraints": [
                    models.UniqueConstraint(fields=["establishment", "headers"], name="one_mapping_of_headers")
                ],
            },
        ),
        migrations.RunSQL(protect_for("screening_upload", establishments=["establishment"])),
    ]
