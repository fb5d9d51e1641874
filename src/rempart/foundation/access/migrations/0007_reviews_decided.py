import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """What a perimeter was when its reduction was decided; who signed a review, by certificate."""

    dependencies = [("access", "0006_keys_without_chain")]

    operations = [
        migrations.AddField(
            "decision",
            "departments",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=3), default=list, size=None
            ),
        ),
        migrations.AddField("review", "certificate", models.BinaryField(null=True)),
    ]
