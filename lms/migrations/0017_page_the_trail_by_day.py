"""A page of what somebody did, or of what was done on them, in some days: found by index, newest first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes alone: on SQLite the triggers of the table stand."""

    dependencies = [
        ("lms", "0016_count_how_often_a_job_was_woken"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="auditevent",
            name="lms_auditev_subject_40adb2_idx",
        ),
        migrations.RemoveIndex(
            model_name="auditevent",
            name="lms_auditev_actor_bfe223_idx",
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["subject", "at"], name="lms_auditev_subject_a04c45_idx"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["actor", "at"], name="lms_auditev_actor_1ebaa0_idx"),
        ),
    ]
