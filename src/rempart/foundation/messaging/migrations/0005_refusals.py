from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0004_concerns")]

    operations = [
        migrations.CreateModel(
            "Refusal",
            [
                ("digest", models.BinaryField(primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=8)),
                ("how", models.CharField(max_length=8)),
                ("since", models.DateTimeField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "messaging_refusal",
                "indexes": [models.Index(fields=["expires_on"], name="refusal_by_expiry")],
            },
        ),
    ]
