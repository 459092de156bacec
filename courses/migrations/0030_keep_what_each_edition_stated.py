"""What an edition stated when it ended is never changed nor taken away: both databases refuse it by themselves.

A later migration that rebuilds the table on SQLite drops the triggers and must make them again.
"""

import django.utils.timezone
from django.db import migrations, models

TABLE = 'courses_courseedition'
SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: what an edition stated is never changed'); END
"""
POSTGRESQL = """
CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{table}: what an edition stated is never changed'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_refuse();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse();
"""


def refuse(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(POSTGRESQL.format(table=TABLE), params=None)
        return
    for verb in ('update', 'delete'):
        schema_editor.execute(SQLITE.format(table=TABLE, verb=verb), params=None)


def allow(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        for what in ('change', 'truncate'):
            schema_editor.execute(f'DROP TRIGGER {TABLE}_no_{what} ON {TABLE}')
        schema_editor.execute(f'DROP FUNCTION {TABLE}_refuse()')
        return
    for verb in ('update', 'delete'):
        schema_editor.execute(f'DROP TRIGGER {TABLE}_no_{verb}')


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0029_keep_no_index_that_nobody_asks'),
    ]

    operations = [
        migrations.CreateModel(
            name='CourseEdition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('course_key', models.UUIDField()),
                ('number', models.PositiveSmallIntegerField(verbose_name='edición')),
                ('began_at', models.DateTimeField(help_text='empty: with the course, or not known', null=True)),
                ('ended_at', models.DateTimeField()),
                ('noted_at', models.DateTimeField(default=django.utils.timezone.now, help_text="later than its end: found in the page's revisions")),
                ('asked', models.JSONField()),
                ('said', models.JSONField()),
            ],
            options={
                'verbose_name': 'edición que terminó',
                'verbose_name_plural': 'ediciones que terminaron',
                'ordering': ['course_key', 'ended_at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('course_key', 'number', 'ended_at'), name='course_edition_ends_once'), models.CheckConstraint(condition=models.Q(('began_at', None), ('ended_at__gte', models.F('began_at')), _connector='OR'), name='course_edition_goes_forward'), models.CheckConstraint(condition=models.Q(('noted_at__gte', models.F('ended_at'))), name='course_edition_not_noted_before_its_end')],
            },
        ),
        migrations.RunPython(refuse, allow, elidable=False),
    ]
