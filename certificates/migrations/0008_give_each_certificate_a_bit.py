"""Certificates from before have no bit: what was given out stays as it is, and says so by its page."""

import django.db.models.deletion
from importlib import import_module

from django.db import migrations, models

TABLE = 'certificates_statusentry'
earlier = import_module('certificates.migrations.0004_refuse_changes_to_the_register')


def refuse(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(earlier.POSTGRESQL.format(table=TABLE))
    else:
        for verb in ('update', 'delete'):
            schema_editor.execute(earlier.SQLITE.format(table=TABLE, verb=verb))


def allow(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(f'DROP TRIGGER {TABLE}_no_change ON {TABLE}')
        schema_editor.execute(f'DROP TRIGGER {TABLE}_no_truncate ON {TABLE}')
    else:
        for verb in ('update', 'delete'):
            schema_editor.execute(f'DROP TRIGGER {TABLE}_no_{verb}')


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0007_keep_the_tree_over_the_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='StatusEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('list', models.CharField(max_length=40)),
                ('index', models.PositiveIntegerField()),
                (
                    'certificate',
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name='status_entry',
                        to='certificates.certificate',
                    ),
                ),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('list', 'index'), name='status_entry_place')],
            },
        ),
        migrations.RunPython(refuse, allow, elidable=False),
    ]
