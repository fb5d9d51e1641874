"""Defaults in the database, for processes of the version before, which write messages while they change over."""

from django.db import migrations

_DEFAULTS = {
    "about": "'notice'", "channels": "''", "concerns": "''", "rank": "0", "zone": "'Europe/Paris'", "wakes": "false",
    "state": "'waiting'", "attempts": "0", "wanted_at": "now()", "due_at": "now()", "reference": "''", "reason": "''",
}


class Migration(migrations.Migration):
    dependencies = [("messaging", "0006_concerned")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE messaging_message "
            + ", ".join(f"ALTER COLUMN {name} SET DEFAULT {value}" for name, value in _DEFAULTS.items()),
            "ALTER TABLE messaging_message " + ", ".join(f"ALTER COLUMN {name} DROP DEFAULT" for name in _DEFAULTS),
        )
    ]
