from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("media", "0003_keep_cuts_tracks_and_transcripts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="upload",
            name="size",
            field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name="tamaño"),
        ),
    ]
