from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lms", "0009_let_people_in_by_code")]

    operations = [
        migrations.AddField(
            model_name="appointment",
            name="end_act",
            field=models.CharField(blank=True, default="", max_length=120, verbose_name="acta o acuerdo del final"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="appointment",
            name="end_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("resigned", "Renuncia"),
                    ("contract", "Fin del contrato o del período"),
                    ("dismissed", "Despido o remoción"),
                    ("moved", "Traslado a otra municipalidad"),
                    ("retired", "Jubilación"),
                    ("died", "Fallecimiento"),
                    ("other", "Otro motivo"),
                ],
                default="",
                max_length=12,
                verbose_name="motivo del final",
            ),
            preserve_default=False,
        ),
    ]
