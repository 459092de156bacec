"""What two people did to the register: one asked, another certified.

An act changes once, when it is decided, and then in nothing but its decision; both databases refuse the rest. One that
was certified is never removed.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

TABLE = 'certificates_certificateact'
FROZEN = (
    'public_id', 'batch_id', 'kind', 'certificate_id', 'person_id', 'municipality_id', 'reason_kind', 'reason', 'facts',
    'asked_by_id', 'asked_at',
)
WORDS = f'{TABLE}: rows of the register are never changed'
SQLITE = f"""
CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE}
WHEN OLD.decided_at IS NOT NULL OR {' OR '.join(f'NEW.{name} IS NOT OLD.{name}' for name in FROZEN)}
BEGIN SELECT RAISE(ABORT, '{WORDS}'); END;
CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE}
WHEN OLD.decision = 'certified'
BEGIN SELECT RAISE(ABORT, '{WORDS}'); END
"""
POSTGRESQL_FUNCTION = f"""
CREATE FUNCTION certificates_refuse_change_of_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.decision <> 'certified' THEN RETURN OLD; END IF;
    ELSIF OLD.decided_at IS NULL AND NOT (
        {' OR '.join(f'NEW.{name} IS DISTINCT FROM OLD.{name}' for name in FROZEN)}
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
POSTGRESQL = f"""
CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION certificates_refuse_change_of_act();
CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION certificates_refuse_change();
"""


def refuse(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(POSTGRESQL_FUNCTION, params=None)
        schema_editor.execute(POSTGRESQL)
    else:
        for statement in SQLITE.split('END;'):
            schema_editor.execute(statement if statement.rstrip().endswith('END') else f'{statement}END')


def allow(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(f'DROP TRIGGER {TABLE}_no_change ON {TABLE}')
        schema_editor.execute(f'DROP TRIGGER {TABLE}_no_truncate ON {TABLE}')
        schema_editor.execute('DROP FUNCTION certificates_refuse_change_of_act()')
    else:
        for verb in ('update', 'delete'):
            schema_editor.execute(f'DROP TRIGGER {TABLE}_no_{verb}')


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0011_let_anam_design_its_papers'),
        ('lms', '0018_cancel_jobs_and_let_urgent_ones_first'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CertificateBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('facts', models.JSONField()),
                ('faults', models.JSONField(default=list)),
                ('reason', models.CharField(max_length=300, verbose_name='explicación')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decision', models.CharField(blank=True, max_length=10)),
                ('answer', models.CharField(blank=True, max_length=300)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='CertificateAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('issue', 'Emisión a mano'), ('correction', 'Corrección'), ('revocation', 'Revocación')], max_length=12, verbose_name='acto')),
                ('reason_kind', models.CharField(blank=True, choices=[('error', 'Error en los datos'), ('unfulfilled', 'No se cumplió lo que se pedía'), ('fraud', 'Fraude'), ('duplicate', 'Emitido dos veces'), ('holder', 'A pedido de la persona'), ('other', 'Otro motivo')], max_length=12, verbose_name='motivo')),
                ('reason', models.CharField(max_length=300, verbose_name='explicación')),
                ('facts', models.JSONField(default=dict)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='pedido el')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decidido el')),
                ('decision', models.CharField(blank=True, choices=[('certified', 'Se certificó'), ('refused', 'Se rechazó')], max_length=10, verbose_name='decisión')),
                ('answer', models.CharField(blank=True, max_length=300, verbose_name='respuesta')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='pedido por')),
                ('certificate', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='certificates.certificate')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decidido por')),
                ('event', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='act', to='certificates.certificateevent')),
                ('municipality', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lms.municipality')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='persona')),
                ('batch', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='certificates.certificatebatch')),
            ],
            options={
                'verbose_name': 'acto del registro',
                'verbose_name_plural': 'actos del registro',
                'ordering': ['asked_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='CertificateBundle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('form', models.CharField(choices=[('zip', 'Un ZIP con los PDF'), ('print', 'Un PDF para imprimir')], max_length=5)),
                ('certificates', models.JSONField()),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('path', models.CharField(blank=True, max_length=255)),
                ('bytes', models.PositiveIntegerField(default=0)),
                ('expires_at', models.DateTimeField()),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='certificatebatch',
            constraint=models.CheckConstraint(condition=models.Q(('asked_by', models.F('decided_by')), _negated=True), name='certificate_batch_by_two'),
        ),
        migrations.AddConstraint(
            model_name='certificatebatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('decision', '')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('decision__in', ['certified', 'refused'])), _connector='OR'), name='certificate_batch_decided_whole'),
        ),
        migrations.AddIndex(
            model_name='certificateact',
            index=models.Index(condition=models.Q(('decided_at', None)), fields=['asked_at'], name='certificate_act_waiting'),
        ),
        migrations.AddConstraint(
            model_name='certificateact',
            constraint=models.CheckConstraint(condition=models.Q(('asked_by', models.F('decided_by')), _negated=True), name='certificate_act_by_two'),
        ),
        migrations.AddConstraint(
            model_name='certificateact',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('decision', ''), ('event', None)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('decision', 'certified'), ('event__isnull', False)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('decision', 'refused'), ('event', None)), _connector='OR'), name='certificate_act_decided_whole'),
        ),
        migrations.AddConstraint(
            model_name='certificateact',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('certificate', None), ('kind', 'issue')), models.Q(models.Q(('kind', 'issue'), _negated=True), ('certificate__isnull', False)), _connector='OR'), name='certificate_act_about_one'),
        ),
        migrations.AddConstraint(
            model_name='certificateact',
            constraint=models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('certificate',), name='certificate_act_one_waits'),
        ),
        migrations.RunPython(refuse, allow, elidable=False),
    ]
