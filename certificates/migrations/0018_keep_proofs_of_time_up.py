"""Until when the newest proof of time in a file can be checked, and the digests that a file had before it got another."""

import django.db.models.deletion
from django.db import migrations, models

from certificates.migrations._triggers import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0017_say_what_a_restore_lost'),
    ]

    operations = [
        migrations.CreateModel(
            name='EarlierFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='certificatefile',
            name='time_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='certificatefile',
            index=models.Index(condition=models.Q(('time_until__isnull', False)), fields=['time_until'], name='file_keeps_proof_of_time'),
        ),
        migrations.AddField(
            model_name='earlierfile',
            name='certificate',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='earlier_files', to='certificates.certificate'),
        ),
        refuse_changes('certificates_earlierfile'),
    ]
