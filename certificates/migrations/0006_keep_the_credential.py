from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0005_say_how_a_file_was_sealed'),
    ]

    operations = [
        migrations.AddField(
            model_name='certificatefile',
            name='credential',
            field=models.TextField(blank=True, default='', help_text='the JSON inside the file'),
        ),
    ]
