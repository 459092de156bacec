"""The databases themselves refuse to change or remove what was recorded."""

from django.db import migrations

MESSAGE = "the audit trail is append-only"
SQLITE = [
    f"""CREATE TRIGGER lms_auditevent_no_{verb.lower()} BEFORE {verb} ON lms_auditevent
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"""
    for verb in ("UPDATE", "DELETE")
]
POSTGRESQL = [
    f"""CREATE FUNCTION lms_auditevent_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER lms_auditevent_append_only BEFORE UPDATE OR DELETE ON lms_auditevent
    FOR EACH ROW EXECUTE FUNCTION lms_auditevent_refuse()""",
    """CREATE TRIGGER lms_auditevent_no_truncate BEFORE TRUNCATE ON lms_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION lms_auditevent_refuse()""",
]
DROP = {
    "sqlite": ["DROP TRIGGER lms_auditevent_no_update", "DROP TRIGGER lms_auditevent_no_delete"],
    "postgresql": [
        "DROP TRIGGER lms_auditevent_append_only ON lms_auditevent",
        "DROP TRIGGER lms_auditevent_no_truncate ON lms_auditevent",
        "DROP FUNCTION lms_auditevent_refuse()",
    ],
}


def _execute(schema_editor, statements):
    for statement in statements:
        schema_editor.execute(statement, params=None)


def refuse(apps, schema_editor):
    _execute(schema_editor, SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL)


def allow(apps, schema_editor):
    _execute(schema_editor, DROP[schema_editor.connection.vendor])


class Migration(migrations.Migration):
    dependencies = [("lms", "0002_find_people_by_folded_name")]

    operations = [migrations.RunPython(refuse, allow)]
