"""One recipient gets so many messages a day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_untold")]

    operations = [
        migrations.CreateModel(
            "Tally",
            [
                ("digest", models.BinaryField(primary_key=True, serialize=False)),
                ("number", models.IntegerField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "messaging_tally",
                "indexes": [models.Index(fields=["expires_on"], name="tally_by_expiry")],
            },
        ),
    ]
