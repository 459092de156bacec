"""A certificate may be suspended while a doubt is looked into, and that may be lifted; columns stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0015_note_which_course_renewed_which_certificate'),
    ]

    operations = [
        migrations.AlterField(
            model_name='certificateact',
            name='kind',
            field=models.CharField(choices=[('issue', 'Emisión a mano'), ('correction', 'Corrección'), ('revocation', 'Revocación'), ('suspension', 'Suspensión'), ('lifting', 'Levantar una suspensión')], max_length=12, verbose_name='acto'),
        ),
        migrations.AlterField(
            model_name='certificateact',
            name='reason_kind',
            field=models.CharField(blank=True, choices=[('error', 'Error en los datos'), ('unfulfilled', 'No se cumplió lo que se pedía'), ('fraud', 'Fraude'), ('duplicate', 'Emitido dos veces'), ('holder', 'A pedido de la persona'), ('doubt', 'Se está aclarando una duda'), ('cleared', 'La duda quedó aclarada'), ('other', 'Otro motivo')], max_length=12, verbose_name='motivo'),
        ),
        migrations.AlterField(
            model_name='certificateevent',
            name='kind',
            field=models.CharField(choices=[('issued', 'Emitido'), ('revoked', 'Revocado'), ('superseded', 'Sustituido'), ('suspended', 'Suspendido'), ('reinstated', 'Suspensión levantada')], max_length=12),
        ),
    ]
