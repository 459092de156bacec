"""Jobs can be cancelled, and have a priority."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns, and what a cancelled job needs."""

    dependencies = [
        ("lms", "0017_page_the_trail_by_day"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "En espera"),
                    ("running", "En curso"),
                    ("done", "Terminado"),
                    ("failed", "Falló"),
                    ("cancelled", "Cancelado"),
                ],
                default="waiting",
                max_length=9,
                verbose_name="estado",
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=[(1, "Alta"), (2, "Normal"), (3, "Baja")], default=2, verbose_name="prioridad"
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="begun_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="empezado el"),
        ),
        migrations.AddField(
            model_name="job",
            name="cancel_asked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="cancelado el"),
        ),
        migrations.AddField(
            model_name="job",
            name="cancel_asked_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["state", "priority", "created_at"], name="job_by_turn"),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "cancelled"), _negated=True), ("cancel_asked_at__isnull", False), _connector="OR"
                ),
                name="job_cancelled_was_asked",
            ),
        ),
    ]
