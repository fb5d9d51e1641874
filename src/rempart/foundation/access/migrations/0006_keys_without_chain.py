from django.db import migrations, models


class Migration(migrations.Migration):
    """Which key a key replaces is said without a foreign key: retention deletes the older one first."""

    dependencies = [("access", "0005_keys_and_reviews")]

    operations = [
        migrations.RemoveField("machinekey", "replaces"),
        migrations.AddField("machinekey", "replaces", models.UUIDField(null=True)),
    ]
