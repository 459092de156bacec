"""The signed facts that the QR of a certificate holds. Files from before keep the QR that they were given out with."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0012_keep_what_two_people_did'),
    ]

    operations = [
        migrations.AddField(
            model_name='certificatefile',
            name='qr',
            field=models.TextField(blank=True, default='', help_text='the address of the signed facts, as printed'),
        ),
    ]
