"""The career record: annotations, which both databases refuse to change, and a leaf of the log for each of them.

SQLite rebuilds the table of the leaves: its triggers are taken away first and made again at the end.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from certificates.migrations._triggers import refuse_changes

leaves = refuse_changes('certificates_logleaf')


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0013_keep_what_the_qr_says'),
        ('lms', '0018_cancel_jobs_and_let_urgent_ones_first'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(leaves.reverse_code, leaves.code, elidable=False),
        migrations.CreateModel(
            name='CareerShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('code_sha256', models.CharField(max_length=64, unique=True)),
                ('parts', models.CharField(choices=[('all', 'Todo: puestos, formación y certificados'), ('training', 'La formación y los certificados, sin los puestos'), ('certificates', 'Solo los certificados')], default='certificates', max_length=12)),
                ('note', models.CharField(blank=True, max_length=80)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ShareOpening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('device', models.CharField(choices=[('phone', 'un teléfono'), ('computer', 'una computadora'), ('other', 'otro aparato')], max_length=8)),
                ('count', models.PositiveIntegerField(default=1)),
            ],
            options={
                'ordering': ['-hour'],
            },
        ),
        migrations.AlterField(
            model_name='logleaf',
            name='event',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='leaf', to='certificates.certificateevent'),
        ),
        migrations.CreateModel(
            name='CareerAnnotation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('movement', 'Nombramiento o movimiento'), ('training', 'Formación en otra parte'), ('competency', 'Competencia'), ('evaluation', 'Evaluación del desempeño'), ('merit', 'Mérito'), ('certificate', 'Certificado de otra parte'), ('correction', 'Corrección')], max_length=12)),
                ('step', models.CharField(choices=[('declared', 'Declarado'), ('checked', 'Cotejado'), ('certified', 'Certificado'), ('refused', 'No aceptado'), ('withdrawn', 'Retirado'), ('annulled', 'Anulado')], default='declared', max_length=12)),
                ('municipality_name', models.CharField(blank=True, max_length=150)),
                ('post_name', models.CharField(blank=True, max_length=130)),
                ('facts', models.JSONField(default=dict, help_text='hours, modality, days, digest of the evidence')),
                ('occurred_on', models.DateField()),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('salt', models.CharField(max_length=32)),
                ('details_sha256', models.CharField(blank=True, max_length=64)),
                ('about', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='certificates.careerannotation')),
                ('asked', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lms.municipality')),
                ('municipality', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lms.municipality')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='career_annotations', to=settings.AUTH_USER_MODEL)),
                ('post', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lms.post')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='AnnotationDetails',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('texts', models.JSONField(default=dict)),
                ('salt', models.CharField(blank=True, max_length=32)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('suffix', models.CharField(blank=True, max_length=8)),
                ('path', models.CharField(blank=True, max_length=200)),
                ('bytes', models.PositiveIntegerField(default=0)),
                ('erased_at', models.DateTimeField(null=True)),
                ('annotation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='details', to='certificates.careerannotation')),
            ],
        ),
        migrations.AddField(
            model_name='logleaf',
            name='annotation',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='leaf', to='certificates.careerannotation'),
        ),
        migrations.AddConstraint(
            model_name='logleaf',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('annotation__isnull', False), ('event', None)), models.Q(('annotation', None), ('event__isnull', False)), _connector='OR'), name='log_leaf_tells_of_one_thing'),
        ),
        migrations.AddField(
            model_name='careershare',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='career_shares', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='shareopening',
            name='share',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='openings', to='certificates.careershare'),
        ),
        migrations.AddIndex(
            model_name='careerannotation',
            index=models.Index(condition=models.Q(('about', None)), fields=['asked'], name='career_annotation_asked'),
        ),
        migrations.AddConstraint(
            model_name='careerannotation',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['movement', 'training', 'competency', 'evaluation', 'merit', 'certificate', 'correction'])), name='career_annotation_kind'),
        ),
        migrations.AddConstraint(
            model_name='careerannotation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('about', None), ('step', 'declared')), models.Q(('about__isnull', False), ('step__in', ['checked', 'certified', 'refused', 'withdrawn', 'annulled'])), _connector='OR'), name='career_annotation_step'),
        ),
        migrations.AddConstraint(
            model_name='careerannotation',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', ['declared', 'withdrawn']), models.Q(('recorded_by', models.F('person')), _negated=True), _connector='OR'), name='career_annotation_never_of_oneself'),
        ),
        migrations.AddConstraint(
            model_name='careerannotation',
            constraint=models.UniqueConstraint(fields=('about', 'step'), name='career_annotation_step_once'),
        ),
        migrations.AddConstraint(
            model_name='careerannotation',
            constraint=models.UniqueConstraint(condition=models.Q(('step__in', ['refused', 'withdrawn', 'annulled'])), fields=('about',), name='career_annotation_ends_once'),
        ),
        migrations.AddConstraint(
            model_name='annotationdetails',
            constraint=models.UniqueConstraint(condition=models.Q(('path', ''), _negated=True), fields=('path',), name='annotation_details_path'),
        ),
        migrations.AddConstraint(
            model_name='careershare',
            constraint=models.CheckConstraint(condition=models.Q(('parts__in', ['all', 'training', 'certificates'])), name='career_share_parts'),
        ),
        migrations.AddConstraint(
            model_name='careershare',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('made_at'))), name='career_share_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='shareopening',
            constraint=models.UniqueConstraint(fields=('share', 'hour', 'device'), name='share_opening_once_an_hour'),
        ),
        migrations.CreateModel(
            name='HandoverPackage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ready_at', models.DateTimeField(null=True)),
                ('path', models.CharField(blank=True, max_length=200)),
                ('bytes', models.PositiveIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('municipality', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lms.municipality')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ready_at', None)), fields=('municipality',), name='handover_one_at_a_time')],
            },
        ),
        leaves,
        refuse_changes('certificates_careerannotation'),
    ]
