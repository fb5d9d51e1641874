"""Declaration codes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='DailyCodes',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('issued', models.IntegerField()),
            ],
            options={
                'db_table': 'proximity_daily',
            },
        ),
        migrations.CreateModel(
            name='DeclarationCode',
            fields=[
                ('digest', models.BinaryField(primary_key=True, serialize=False)),
                ('last_day', models.DateField()),
                ('state', models.CharField(default='issued', max_length=6)),
                ('mixed', models.BooleanField(default=False)),
                ('expires_on', models.DateField()),
            ],
            options={
                'db_table': 'proximity_code',
                'indexes': [models.Index(fields=['expires_on'], name='code_by_expiry'), models.Index(condition=models.Q(('mixed', False)), fields=['expires_on'], name='code_to_mix')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['issued', 'used'])), name='code_state')],
            },
        ),
    ]
