from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("courses", "0007_say_whose_a_quiz_is")]

    operations = [
        migrations.AddField(
            model_name="watchprogress",
            name="by_cut",
            field=models.JSONField(
                default=dict, help_text="cut: [bitmap in base64, time of the newest position, position]"
            ),
        ),
        migrations.AddField(model_name="watchprogress", name="cut", field=models.PositiveIntegerField(default=1)),
        migrations.AddField(
            model_name="watchsegment",
            name="cut",
            field=models.PositiveIntegerField(default=1, help_text="of the video, on whose seconds it was played"),
        ),
    ]
