from django.db import migrations, models


class Migration(migrations.Migration):
    """Where a laboratory receives its post, and the number at which it is called back."""

    dependencies = [("directories", "0001_initial")]

    operations = [
        migrations.AddField("laboratory", "address", models.TextField(blank=True, default="")),
        migrations.AddField("laboratory", "phone", models.CharField(blank=True, default="", max_length=20)),
    ]
