from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [migrations.AddIndex("message", models.Index(fields=["expires_on"], name="message_by_expiry"))]
