from django.db import migrations

# Only its parties see a file: sender and recipients, by the agent of the session. The platform itself (everywhere, and no
# agent) sweeps. Whoever sees the nation sees no file more than anybody else.
ME = "(SELECT string_to_array(nullif(current_setting('rempart.agent', true), ''), ',')::uuid[])::uuid[]"
PLATFORM = (
    "(SELECT current_setting('rempart.everything', true)) = '*'"
    " AND coalesce((SELECT current_setting('rempart.agent', true)), '') = ''"
)


def protect(table: str) -> str:
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY receives ON {table} FOR SELECT USING (recipients && {ME});
        CREATE POLICY sends ON {table} USING (sender = ANY ({ME})) WITH CHECK (sender = ANY ({ME}));
        CREATE POLICY platform ON {table} USING ({PLATFORM}) WITH CHECK ({PLATFORM});
    """


FETCH = f"""
    ALTER TABLE exchange_fetch ENABLE ROW LEVEL SECURITY;
    CREATE POLICY sees ON exchange_fetch FOR SELECT USING (sender = ANY ({ME}) OR recipient = ANY ({ME}));
    CREATE POLICY fetches ON exchange_fetch FOR INSERT WITH CHECK (recipient = ANY ({ME}));
    CREATE POLICY platform ON exchange_fetch USING ({PLATFORM}) WITH CHECK ({PLATFORM});
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]

    operations = [
        migrations.RunSQL(protect("exchange_handover")),
        migrations.RunSQL(protect("exchange_chunk")),
        migrations.RunSQL(FETCH),
        # sealed bytes do not compress: they are kept as they are, out of line
        migrations.RunSQL("ALTER TABLE exchange_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL"),
    ]
