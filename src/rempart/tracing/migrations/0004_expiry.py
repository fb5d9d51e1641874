from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracing", "0003_handed")]

    operations = [migrations.AddIndex("case", models.Index(fields=["expires_on"], name="case_by_expiry"))]
