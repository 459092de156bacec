"""The three groups that Wagtail knows; `manage.py load_groups` gives them their permissions, made after migrating."""

from django.db import migrations

GROUPS = ["Facilitadores", "Administración ANAM", "Certificación"]


def make(apps, schema_editor):
    for name in GROUPS:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


def remove(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("lms", "0003_keep_the_audit_trail_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(make, remove)]
