"""What a restore lost: numbers that are void, and a leaf of the log that says so. Both databases refuse changes.

SQLite rebuilds the table of the leaves: its triggers are taken away first and made again at the end.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from certificates.migrations._triggers import allow_changes, refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0016_suspend_a_certificate'),
    ]

    operations = [
        allow_changes('certificates_logleaf'),
        migrations.CreateModel(
            name='Restoration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('leaves', models.PositiveBigIntegerField()),
                ('checkpoints', models.JSONField(default=list)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='VoidNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('code_sha256', models.CharField(blank=True, db_index=True, max_length=64)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='logleaf',
            name='log_leaf_tells_of_one_thing',
        ),
        migrations.AddField(
            model_name='logleaf',
            name='restoration',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='leaf', to='certificates.restoration'),
        ),
        migrations.AddConstraint(
            model_name='logleaf',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('annotation', None), ('event__isnull', False), ('restoration', None)), models.Q(('annotation__isnull', False), ('event', None), ('restoration', None)), models.Q(('annotation', None), ('event', None), ('restoration__isnull', False)), _connector='OR'), name='log_leaf_tells_of_one_thing'),
        ),
        migrations.AddField(
            model_name='voidnumber',
            name='restoration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='numbers', to='certificates.restoration'),
        ),
        migrations.AddField(
            model_name='voidnumber',
            name='series',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='void_numbers', to='certificates.series'),
        ),
        migrations.AddConstraint(
            model_name='voidnumber',
            constraint=models.UniqueConstraint(fields=('series', 'number'), name='void_number_in_series'),
        ),
        migrations.AddConstraint(
            model_name='voidnumber',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='void_number_from_one'),
        ),
        refuse_changes('certificates_logleaf', 'certificates_restoration', 'certificates_voidnumber'),
    ]
