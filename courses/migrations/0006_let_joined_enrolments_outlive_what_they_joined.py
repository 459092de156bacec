import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("courses", "0005_say_into_which_enrolment_one_was_joined")]

    operations = [
        migrations.AlterField(
            model_name="enrolment",
            name="joined_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="joined",
                to="courses.enrolment",
            ),
        ),
    ]
