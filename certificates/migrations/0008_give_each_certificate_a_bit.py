"""Certificates from before have no bit: what was given out stays as it is, and says so by its page."""

import django.db.models.deletion
from django.db import migrations, models

from certificates.migrations._triggers import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0007_keep_the_tree_over_the_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='StatusEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('list', models.CharField(max_length=40)),
                ('index', models.PositiveIntegerField()),
                (
                    'certificate',
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name='status_entry',
                        to='certificates.certificate',
                    ),
                ),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('list', 'index'), name='status_entry_place')],
            },
        ),
        refuse_changes('certificates_statusentry'),
    ]
