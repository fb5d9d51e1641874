"""Messages get states, routes and retries. Those that are there keep theirs: gone, or waiting by their one channel."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_expiry")]

    operations = [
        migrations.RemoveIndex("message", "message_to_send"),
        migrations.RenameField("message", "sent_at", "taken_at"),
        migrations.AddField("message", "about", models.CharField(max_length=40, default="notice")),
        migrations.AddField("message", "channels", models.CharField(max_length=60, default="")),
        migrations.AddField("message", "rank", models.SmallIntegerField(default=0)),
        migrations.AddField("message", "zone", models.CharField(max_length=40, default="Europe/Paris")),
        migrations.AddField("message", "wakes", models.BooleanField(default=False)),
        migrations.AddField("message", "state", models.CharField(max_length=9, default="taken")),
        migrations.AlterField("message", "state", models.CharField(max_length=9, default="waiting")),
        migrations.AddField("message", "attempts", models.SmallIntegerField(default=0)),
        migrations.AddField(
            "message", "wanted_at", models.DateTimeField(default=django.utils.timezone.now), preserve_default=False
        ),
        migrations.AddField(
            "message", "due_at", models.DateTimeField(default=django.utils.timezone.now), preserve_default=False
        ),
        migrations.AddField("message", "claimed_until", models.DateTimeField(null=True)),
        migrations.AddField("message", "reference", models.CharField(max_length=160, default="")),
        migrations.AddField("message", "reason", models.CharField(max_length=40, default="")),
        migrations.AddField("message", "ended_at", models.DateTimeField(null=True)),
        migrations.RunSQL(
            "UPDATE messaging_message SET state = 'waiting', wanted_at = created_at, due_at = created_at"
            " WHERE taken_at IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["channel", "wakes", "due_at", "id"],
                condition=models.Q(state="waiting"),
                name="message_due",
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["channel", "wanted_at"], condition=models.Q(state="waiting"), name="message_wanted"
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["channel", "reference"], condition=~models.Q(reference=""), name="message_reference"
            ),
        ),
        migrations.AddConstraint(
            "message",
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["waiting", "taken", "delivered", "failed", "dropped", "expired"]
                ),
                name="message_state",
            ),
        ),
        migrations.CreateModel(
            "Mark",
            [
                ("mark", models.BinaryField(primary_key=True, serialize=False)),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "messaging_mark",
                "indexes": [models.Index(fields=["expires_on"], name="mark_by_expiry")],
            },
        ),
    ]
