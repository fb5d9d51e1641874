from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0004_forgetting")]

    operations = [
        migrations.CreateModel(
            name="Reindexing",
            fields=[
                ("period", models.CharField(max_length=12, primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField()),
                ("after", models.UUIDField(null=True)),
                ("changed", models.BigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "people_reindexing"},
        ),
    ]
