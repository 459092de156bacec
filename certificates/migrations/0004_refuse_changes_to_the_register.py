"""Rows of the register are added, never changed: both databases refuse UPDATE and DELETE by themselves.

A later migration that rebuilds one of these tables on SQLite drops its triggers and must make them again
(`manage.py verify_registry` and `tests/certificates/test_triggers.py` say so when it forgets).
"""

from django.db import migrations

TABLES = ('certificates_certificate', 'certificates_certificateevent', 'certificates_logleaf')

SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: rows of the register are never changed'); END
"""
POSTGRESQL_FUNCTION = """
CREATE FUNCTION certificates_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: rows of the register are never changed', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
POSTGRESQL = """
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION certificates_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION certificates_refuse_change();
"""


def refuse(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(POSTGRESQL_FUNCTION, params=None)
    for table in TABLES:
        if schema_editor.connection.vendor == 'postgresql':
            schema_editor.execute(POSTGRESQL.format(table=table))
        else:
            for verb in ('update', 'delete'):
                schema_editor.execute(SQLITE.format(table=table, verb=verb))


def allow(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == 'postgresql':
            schema_editor.execute(f'DROP TRIGGER {table}_no_change ON {table}')
            schema_editor.execute(f'DROP TRIGGER {table}_no_truncate ON {table}')
        else:
            for verb in ('update', 'delete'):
                schema_editor.execute(f'DROP TRIGGER {table}_no_{verb}')
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('DROP FUNCTION certificates_refuse_change()')


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0003_keep_the_log_head_and_searchable_names'),
    ]

    operations = [migrations.RunPython(refuse, allow, elidable=False)]
