"""Tables whose rows are added and never changed: both databases refuse the rest by themselves (as 0004 began it)."""

from importlib import import_module

from django.db import migrations

earlier = import_module('certificates.migrations.0004_refuse_changes_to_the_register')


def refuse_changes(*tables):
    """The operation that makes the triggers of `tables`, and drops them on the way back."""

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

    return migrations.RunPython(refuse, allow, elidable=False)
