import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lms", "0010_tell_why_an_appointment_ended"),
    ]

    operations = [
        migrations.CreateModel(
            name="DuplicatePair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("score", models.PositiveSmallIntegerField(verbose_name="parecido")),
                ("reasons", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Por revisar"),
                            ("dismissed", "Son personas distintas"),
                            ("merged", "Unidas"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="estado",
                    ),
                ),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="encontrado el")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decidido el")),
                ("decision", models.CharField(blank=True, max_length=300, verbose_name="motivo")),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decidido por",
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="primer registro",
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="segundo registro",
                    ),
                ),
            ],
            options={
                "verbose_name": "posible duplicado",
                "verbose_name_plural": "posibles duplicados",
                "ordering": ["-score", "pk"],
                "indexes": [models.Index(fields=["state", "-score"], name="lms_duplica_state_468a54_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("first", "second"), name="duplicate_pair_once"),
                    models.CheckConstraint(
                        condition=models.Q(("first__lt", models.F("second"))), name="duplicate_pair_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__lte", 100)), name="duplicate_pair_score_within_100"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("reason", models.CharField(max_length=300, verbose_name="motivo")),
                ("kept", models.JSONField(default=dict)),
                ("journal", models.JSONField(default=dict)),
                ("merged_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="unidos el")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="deshecha el")),
                (
                    "absorbed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="registro absorbido",
                    ),
                ),
                (
                    "merged_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="unidos por",
                    ),
                ),
                (
                    "survivor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="registro que queda",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="deshecha por",
                    ),
                ),
            ],
            options={
                "verbose_name": "unión de registros",
                "verbose_name_plural": "uniones de registros",
                "ordering": ["-merged_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at", None)),
                        fields=("absorbed",),
                        name="merge_absorbed_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("survivor", models.F("absorbed")), _negated=True),
                        name="merge_takes_in_another",
                    ),
                ],
            },
        ),
    ]
