"""Codes that let somebody in once, and a number that ends every session of a person when it is raised."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('lms', '0008_keep_what_a_correction_asks_for_sealed'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='session_epoch',
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name='AccessCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('sent', 'Enviado al teléfono o al correo'), ('handed', 'Entregado por Recursos Humanos')], max_length=6)),
                ('channel', models.CharField(blank=True, choices=[('sms', 'Mensaje al teléfono'), ('email', 'Correo electrónico')], max_length=5)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('used_at', models.DateTimeField(null=True)),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='access_codes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'código de entrada',
                'verbose_name_plural': 'códigos de entrada',
                'indexes': [models.Index(fields=['person', 'kind', 'asked_at'], name='lms_accessc_person__idx')],
            },
        ),
    ]
