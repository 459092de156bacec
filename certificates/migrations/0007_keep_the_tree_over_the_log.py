"""The tree over the log (RFC 9162): its nodes, for the leaves that there are, too, and the checkpoints of each day."""

import json
from hashlib import sha256

import django.utils.timezone
from django.db import migrations, models

from certificates.migrations._triggers import refuse_changes


def grow(apps, schema_editor):
    """As `certificates.domain.merkle.grow` does it for each new leaf."""
    alias = schema_editor.connection.alias
    LogNode = apps.get_model('certificates', 'LogNode')
    entries = apps.get_model('certificates', 'LogLeaf').objects.using(alias).order_by('index')
    left, rows = {}, []
    for index, entry in enumerate(entries.values_list('entry', flat=True).iterator(chunk_size=1000)):
        if 'person' in entry:  # as `certificates.domain.log.shown` says
            bound = sha256(f"{entry.pop('person')}:{entry['code_sha256']}".encode()).hexdigest()
            entry['person_sha256'] = bound
        text = json.dumps(entry, sort_keys=True, separators=(',', ':'), ensure_ascii=False)
        digest, level, place = sha256(b'\x00' + text.encode()).digest(), 0, index
        rows.append(LogNode(level=0, index=place, digest=digest.hex()))
        while place & 1:
            digest, level, place = sha256(b'\x01' + left[level] + digest).digest(), level + 1, place >> 1
            rows.append(LogNode(level=level, index=place, digest=digest.hex()))
        left[level] = digest
    LogNode.objects.using(alias).bulk_create(rows, batch_size=500)


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
        refuse_changes('certificates_lognode', 'certificates_checkpoint'),
    ]
