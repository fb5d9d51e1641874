from django.db import migrations, models

from rempart.foundation.database.row_security import protect


class Migration(migrations.Migration):
    """Deliveries whose senders do not wait for the answer."""

    dependencies = [("screening", "0011_drives")]

    operations = [
        migrations.CreateModel(
            "Deferred",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("laboratory", models.CharField(max_length=9)),
                ("department", models.CharField(max_length=3)),
                ("key", models.CharField(max_length=36)),
                ("origin", models.CharField(max_length=45)),
                ("received_at", models.DateTimeField()),
                ("format", models.CharField(max_length=16)),
                ("language", models.CharField(max_length=2)),
                ("size", models.IntegerField()),
                ("tries", models.SmallIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
                ("failed", models.BooleanField(default=False)),
                ("sealed", models.BinaryField(null=True)),
                ("answer", models.BinaryField(null=True)),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_deferred",
                "indexes": [
                    models.Index(fields=["id"], condition=models.Q(done_at=None), name="deferred_waiting"),
                    models.Index(
                        fields=["laboratory"], condition=models.Q(done_at=None), name="deferred_of_laboratory"
                    ),
                    models.Index(fields=["expires_on"], name="deferred_by_expiry"),
                ],
            },
        ),
        migrations.RunSQL(protect("screening_deferred")),
    ]
