from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that says whether somebody was told what was asked of them; whoever was asked before is not told anew."""

    dependencies = [("courses", "0024_glossary_of_all_lessons")]

    operations = [
        migrations.AddField(
            model_name="assignedperson",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
