import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import rempart.foundation.database.keys


def departments(**options):
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.CharField(max_length=3), size=None, **options
    )


class Migration(migrations.Migration):
    dependencies = [("access", "0003_allowance")]

    operations = [
        migrations.AddField("agent", "glass_departments", departments(default=list)),
        migrations.AddField("agent", "glass_until", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Glass",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=rempart.foundation.database.keys.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("home", departments()),
                ("departments", departments()),
                ("reason", models.TextField()),
                ("broken_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("reviewed_by", models.UUIDField(null=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("justified", models.BooleanField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "access_glass",
                "indexes": [models.Index(fields=["-broken_at"], name="glass_newest")],
            },
        ),
    ]
