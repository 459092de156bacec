import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0004_keep_all_that_a_segment_says"),
    ]

    operations = [
        migrations.AddField(
            model_name="enrolment",
            name="joined_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="joined",
                to="courses.enrolment",
            ),
        ),
    ]
