"""Files that were there before are not sealed: both columns stay empty for them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0004_refuse_changes_to_the_register'),
    ]

    operations = [
        migrations.AddField(
            model_name='certificatefile',
            name='unsigned_sha256',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='certificatefile',
            name='sealed_with',
            field=models.CharField(blank=True, default='', help_text='thumbprint of the key', max_length=43),
        ),
    ]
