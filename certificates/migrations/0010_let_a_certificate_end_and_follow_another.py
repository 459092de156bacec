"""A certificate may end, may follow another, and may be issued without a completion.

SQLite rebuilds the table, which would lose its triggers: they go before and come back after.
"""

import django.db.models.deletion
from django.db import migrations, models

from certificates.migrations._triggers import allow_changes, refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0009_find_a_file_by_its_digest'),
    ]

    operations = [
        allow_changes('certificates_certificate'),
        migrations.AddField(
            model_name='certificate',
            name='expires_on',
            field=models.DateField(
                help_text='the last day that it holds; null: for ever', null=True, verbose_name='vence el'
            ),
        ),
        migrations.AddField(
            model_name='certificate',
            name='supersedes',
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name='superseded_by',
                to='certificates.certificate',
            ),
        ),
        migrations.AlterField(
            model_name='certificate',
            name='owed',
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name='certificate',
                to='certificates.owedcertificate',
            ),
        ),
        refuse_changes('certificates_certificate'),
    ]
