"""How much one person may keep, where it is not what everybody may."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """A table."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("media", "0006_keep_captions_of_replaced_cuts"),
    ]

    operations = [
        migrations.CreateModel(
            name="UploadAllowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bytes", models.PositiveBigIntegerField(verbose_name="espacio")),
                ("reason", models.TextField(verbose_name="motivo")),
                ("set_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="desde")),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="upload_allowance",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "espacio por persona",
                "verbose_name_plural": "espacio por persona",
                "ordering": ["-set_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="allowance_has_a_reason"
                    )
                ],
            },
        ),
    ]
