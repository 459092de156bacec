"""An e-mail is looked up as it is written, by its index: what was once kept with capitals is written small."""

from django.db import migrations


def write_small(apps, schema_editor):
    """Where nobody else has it."""
    people = apps.get_model("lms", "Person").objects
    written = people.exclude(email=None).values_list("pk", "email")
    for pk, email in [(pk, email) for pk, email in written if email != email.lower()]:
        # Of two that differ in capitals alone, the one that is small already keeps it.
        if not people.filter(email=email.lower()).exists():
            people.filter(pk=pk).update(email=email.lower())


class Migration(migrations.Migration):
    """Data alone."""

    dependencies = [("lms", "0014_keep_invitations_to_networks")]

    operations = [migrations.RunPython(write_small, migrations.RunPython.noop)]
