"""Fill the new columns from what was known, and put back the trail's triggers, which SQLite loses with its table."""

from django.db import migrations
from django.db.models import F
from django.utils import timezone

from lms.domain.texts import sound

MESSAGE = "the audit trail is append-only"
# What the table of policy accepts since this version; narrower grants of these roles end now.
NATION_ONLY = ["certifier", "administrator", "auditor"]


def carry_over(apps, schema_editor):
    now = timezone.now()
    apps.get_model("lms", "Appointment").objects.filter(is_declared=False).update(confirmed_at=now)
    grants = apps.get_model("lms", "RoleGrant").objects
    grants.update(starts_at=F("granted_at"))
    grants.filter(role__in=NATION_ONLY, ends_at=None).exclude(scope="nation").update(ends_at=now)
    for person in apps.get_model("lms", "Person").objects.iterator():
        person.name_sound = sound(f"{person.given_names} {person.surnames}")[:200]
        person.save(update_fields=["name_sound"])


def refuse(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    for verb in ("UPDATE", "DELETE"):
        name = f"lms_auditevent_no_{verb.lower()}"
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)
        schema_editor.execute(
            f"CREATE TRIGGER {name} BEFORE {verb} ON lms_auditevent BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
            params=None,
        )


class Migration(migrations.Migration):
    dependencies = [("lms", "0006_people_posts_and_roles_for_life")]

    operations = [
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.RunPython(refuse, migrations.RunPython.noop),
    ]
