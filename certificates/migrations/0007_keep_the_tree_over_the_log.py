"""The tree over the log (RFC 9162): its nodes, for the leaves that there are, too, and the checkpoints of each day."""

import json
from hashlib import sha256
from importlib import import_module

import django.utils.timezone
from django.db import migrations, models

TABLES = ('certificates_lognode', 'certificates_checkpoint')
earlier = import_module('certificates.migrations.0004_refuse_changes_to_the_register')


def grow(apps, schema_editor):
    """As `certificates.domain.merkle.grow` does it for each new leaf."""
    alias = schema_editor.connection.alias
    LogNode = apps.get_model('certificates', 'LogNode')
    entries = apps.get_model('certificates', 'LogLeaf').objects.using(alias).order_by('index')
    left, rows = {}, []
    for index, entry in enumerate(entries.values_list('entry', flat=True).iterator(chunk_size=1000)):
        text = json.dumps(entry, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
        digest, level, place = sha256(b'\x00' + text.encode()).digest(), 0, index
        rows.append(LogNode(level=0, index=place, digest=digest.hex()))
        while place & 1:
            digest, level, place = sha256(b'\x01' + left[level] + digest).digest(), level + 1, place >> 1
            rows.append(LogNode(level=level, index=place, digest=digest.hex()))
        left[level] = digest
    LogNode.objects.using(alias).bulk_create(rows, batch_size=500)


def refuse(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == 'postgresql':
            schema_editor.execute(earlier.POSTGRESQL.format(table=table))
        else:
            for verb in ('update', 'delete'):
                schema_editor.execute(earlier.SQLITE.format(table=table, verb=verb))


def allow(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == 'postgresql':
            schema_editor.execute(f'DROP TRIGGER {table}_no_change ON {table}')
            schema_editor.execute(f'DROP TRIGGER {table}_no_truncate ON {table}')
        else:
            for verb in ('update', 'delete'):
                schema_editor.execute(f'DROP TRIGGER {table}_no_{verb}')


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0006_keep_the_credential'),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True)),
                ('size', models.PositiveBigIntegerField()),
                ('root', models.CharField(max_length=64)),
                ('note', models.TextField()),
                ('signed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['day'],
            },
        ),
        migrations.CreateModel(
            name='LogNode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField()),
                ('index', models.PositiveBigIntegerField()),
                ('digest', models.CharField(max_length=64)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('level', 'index'), name='log_node_place')],
            },
        ),
        migrations.RunPython(grow, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(refuse, allow, elidable=False),
    ]
