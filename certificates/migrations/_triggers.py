"""Tables whose rows are added and never changed: both databases refuse the rest by themselves (as 0004 began it)."""

from importlib import import_module

from django.db import migrations

earlier = import_module('certificates.migrations.0004_refuse_changes_to_the_register')


def refuse_changes(*tables):
    """The operation that makes the triggers of `tables`, and drops them on the way back."""
    return migrations.RunPython(*_refuse_and_allow(tables), elidable=False)


def allow_changes(*tables):
    """The operation that drops the triggers of `tables`, for a migration that rebuilds them and makes them again."""
    refuse, allow = _refuse_and_allow(tables)
    return migrations.RunPython(allow, refuse, elidable=False)


def _refuse_and_allow(tables):
    def refuse(apps, schema_editor):
        for table in tables:
            if schema_editor.connection.vendor == 'postgresql':
                schema_editor.execute(earlier.POSTGRESQL.format(table=table))
            else:
                for verb in ('update', 'delete'):
                    schema_editor.execute(earlier.SQLITE.format(table=table, verb=verb))

    def allow(apps, schema_editor):
        for table in tables:
            if schema_editor.connection.vendor == 'postgresql':
                schema_editor.execute(f'DROP TRIGGER {table}_no_change ON {table}')
                schema_editor.execute(f'DROP TRIGGER {table}_no_truncate ON {table}')
            else:
                for verb in ('update', 'delete'):
                    schema_editor.execute(f'DROP TRIGGER {table}_no_{verb}')

    return refuse, allow
