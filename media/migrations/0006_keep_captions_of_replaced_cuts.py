from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("media", "0005_count_delivered_bytes")]

    operations = [
        migrations.AddField(
            model_name="cut",
            name="captions",
            field=models.JSONField(default=dict, help_text="language: [WebVTT, whether a machine made it]"),
        ),
    ]
