"""What is published of a template, and its pictures, stay as they are: papers were issued with them."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from certificates.migrations._triggers import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0010_let_a_certificate_end_and_follow_another'),
    ]

    operations = [
        migrations.CreateModel(
            name='CertificateTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='nombre')),
                (
                    'kind',
                    models.CharField(
                        choices=[
                            ('constancia', 'Constancia de participación'),
                            ('diploma', 'Diploma de aprobación'),
                            ('competencia', 'Certificación de competencia'),
                        ],
                        max_length=12,
                        verbose_name='clase',
                    ),
                ),
                ('draft', models.JSONField()),
                ('draft_number', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='cambiada el')),
                ('is_default', models.BooleanField(default=False, verbose_name='predeterminada')),
            ],
            options={
                'verbose_name': 'plantilla',
                'verbose_name_plural': 'plantillas',
                'ordering': ['kind', 'name'],
                'constraints': [
                    models.UniqueConstraint(
                        condition=models.Q(('is_default', True)), fields=('kind',), name='template_default_of_kind'
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name='TemplatePicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('content', models.BinaryField()),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='TemplateUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('course_key', models.UUIDField(unique=True)),
                (
                    'template',
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name='uses',
                        to='certificates.certificatetemplate',
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name='TemplateVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('design', models.JSONField()),
                ('published_at', models.DateTimeField(default=django.utils.timezone.now)),
                (
                    'template',
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name='versions',
                        to='certificates.certificatetemplate',
                    ),
                ),
            ],
            options={
                'ordering': ['template', 'number'],
                'constraints': [
                    models.UniqueConstraint(fields=('template', 'number'), name='template_version_number'),
                    models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='template_version_from_one'),
                ],
            },
        ),
        refuse_changes('certificates_templatepicture', 'certificates_templateversion'),
    ]
