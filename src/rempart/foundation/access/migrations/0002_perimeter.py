from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]

    operations = [
        migrations.AlterField("agent", "role", models.CharField(max_length=24)),
        migrations.AddField("agent", "establishment", models.CharField(blank=True, default="", max_length=9)),
        migrations.AddField("agent", "organisation", models.CharField(blank=True, default="", max_length=120)),
        migrations.AddField("agent", "email", models.EmailField(blank=True, default="", max_length=254)),
        migrations.AddField("agent", "rpps", models.CharField(max_length=11, null=True, unique=True)),
    ]
