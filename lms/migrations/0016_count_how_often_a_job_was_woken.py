"""Let whoever gives jobs their attempts back know when to stop."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column."""

    dependencies = [
        ("lms", "0015_write_emails_in_small_letters"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="wakes",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="veces retomado"),
        ),
    ]
