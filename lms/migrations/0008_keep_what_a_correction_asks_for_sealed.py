"""A correction may ask for another CUI, so what it asks for is kept encrypted."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('lms', '0007_carry_over_what_was_known'),
    ]

    operations = [
        migrations.AddField(
            model_name='personrequest',
            name='proposed_sealed',
            field=models.TextField(blank=True, editable=False),
        ),
    ]
