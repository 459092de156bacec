"""Wagtail begins with a workflow for its own groups, which hold nothing here; it would stand over every page."""

from django.db import migrations


def _wagtails(apps):
    return apps.get_model("wagtailcore", "Workflow").objects.filter(workflow_tasks__task__groupapprovaltask__isnull=False)


def let_go(apps, schema_editor):
    keys = list(_wagtails(apps).values_list("pk", flat=True))
    apps.get_model("wagtailcore", "Workflow").objects.filter(pk__in=keys).update(active=False)


def take_up(apps, schema_editor):
    keys = list(_wagtails(apps).values_list("pk", flat=True))
    apps.get_model("wagtailcore", "Workflow").objects.filter(pk__in=keys).update(active=True)


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0019_review_before_publishing"),
        ("wagtailcore", "0098_apitoken"),
    ]

    operations = [migrations.RunPython(let_go, take_up)]
