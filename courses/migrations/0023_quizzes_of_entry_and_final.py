import wagtail.fields
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0022_ask_in_several_languages'),
    ]

    operations = [
        migrations.AddField(
            model_name='activity',
            name='stage',
            field=models.CharField(blank=True, choices=[('', 'Durante el curso'), ('entry', 'De entrada: dice dónde está cada quien antes de empezar'), ('final', 'Final: se compara con el de entrada')], default='', max_length=5),
        ),
        migrations.AddField(
            model_name='attempt',
            name='stage',
            field=models.CharField(blank=True, choices=[('', 'Durante el curso'), ('entry', 'De entrada: dice dónde está cada quien antes de empezar'), ('final', 'Final: se compara con el de entrada')], default='', max_length=5),
        ),
        migrations.AlterField(
            model_name='lessonpage',
            name='body',
            field=wagtail.fields.StreamField([('video', 2), ('audio', 5), ('heading', 6), ('text', 7), ('image', 11), ('note', 14), ('example', 16), ('table', 18), ('words', 23), ('file', 26), ('practice', 28), ('worksheet', 35), ('quiz', 39), ('attendance', 44)], blank=True, block_lookup={0: ('media.blocks.VideoChooserBlock', (), {'label': 'Video'}), 1: ('wagtail.blocks.BooleanBlock', (), {'default': True, 'label': 'Hay que verlo para completar el curso', 'required': False}), 2: ('wagtail.blocks.StructBlock', [[('video', 0), ('is_required', 1)]], {}), 3: ('media.blocks.VideoChooserBlock', (), {'label': 'Grabación de la mediateca'}), 4: ('wagtail.blocks.BooleanBlock', (), {'default': True, 'label': 'Hay que oírla para completar el curso', 'required': False}), 5: ('wagtail.blocks.StructBlock', [[('audio', 3), ('is_required', 4)]], {}), 6: ('courses.blocks.HeadingBlock', (), {}), 7: ('courses.blocks.TextBlock', (), {}), 8: ('wagtail.images.blocks.ImageChooserBlock', (), {'label': 'Imagen'}), 9: ('wagtail.blocks.CharBlock', (), {'label': 'Qué se ve (para quien no puede verla)', 'max_length': 250}), 10: ('wagtail.blocks.CharBlock', (), {'label': 'Pie de imagen', 'max_length': 250, 'required': False}), 11: ('wagtail.blocks.StructBlock', [[('image', 8), ('description', 9), ('caption', 10)]], {}), 12: ('wagtail.blocks.CharBlock', (), {'default': 'Para recordar', 'label': 'Título', 'max_length': 120}), 13: ('wagtail.blocks.RichTextBlock', (), {'features': ['bold', 'italic', 'ol', 'ul', 'link', 'document-link'], 'label': 'Texto'}), 14: ('wagtail.blocks.StructBlock', [[('title', 12), ('text', 13)]], {}), 15: ('wagtail.blocks.CharBlock', (), {'default': 'Ejemplo', 'label': 'Título', 'max_length': 120}), 16: ('wagtail.blocks.StructBlock', [[('title', 15), ('text', 13)]], {}), 17: ('wagtail.blocks.CharBlock', (), {'label': 'Texto', 'required': False}), 18: ('wagtail.contrib.typed_table_block.blocks.TypedTableBlock', [[('text', 17)]], {}), 19: ('wagtail.blocks.CharBlock', (), {'label': 'Palabra', 'max_length': 120}), 20: ('wagtail.blocks.TextBlock', (), {'label': 'Qué significa', 'max_length': 600, 'rows': 2}), 21: ('wagtail.blocks.StructBlock', [[('word', 19), ('meaning', 20)]], {}), 22: ('wagtail.blocks.ListBlock', (21,), {'label': 'Palabras', 'min_num': 1}), 23: ('wagtail.blocks.StructBlock', [[('words', 22)]], {}), 24: ('wagtail.documents.blocks.DocumentChooserBlock', (), {'label': 'Archivo'}), 25: ('wagtail.blocks.CharBlock', (), {'label': 'Para qué sirve', 'max_length': 250, 'required': False}), 26: ('wagtail.blocks.StructBlock', [[('document', 24), ('description', 25)]], {}), 27: ('courses.blocks.QuestionChooserBlock', (), {'help_text': 'Quien la responde ve enseguida si acertó. No ponga aquí una que también cuenta para la nota.', 'label': 'Pregunta del banco'}), 28: ('wagtail.blocks.StructBlock', [[('question', 27)]], {}), 29: ('wagtail.blocks.CharBlock', (), {'default': 'Ficha de trabajo', 'label': 'Título', 'max_length': 120}), 30: ('wagtail.blocks.RichTextBlock', (), {'features': ['bold', 'italic', 'ol', 'ul', 'link', 'document-link'], 'label': 'Instrucciones', 'required': False}), 31: ('wagtail.blocks.CharBlock', (), {'label': 'Qué hay que escribir', 'max_length': 300}), 32: ('wagtail.blocks.IntegerBlock', (), {'default': 3, 'label': 'Renglones', 'max_value': 20, 'min_value': 1}), 33: ('wagtail.blocks.StructBlock', [[('prompt', 31), ('lines', 32)]], {}), 34: ('wagtail.blocks.ListBlock', (33,), {'label': 'Preguntas de la ficha', 'max_num': 30, 'min_num': 1}), 35: ('wagtail.blocks.StructBlock', [[('title', 29), ('instructions', 30), ('prompts', 34)]], {}), 36: ('wagtail.snippets.blocks.SnippetChooserBlock', ('courses.Quiz',), {'label': 'Cuestionario'}), 37: ('wagtail.blocks.BooleanBlock', (), {'default': True, 'label': 'Hay que aprobarlo para completar el curso', 'required': False}), 38: ('wagtail.blocks.ChoiceBlock', [], {'choices': [('', 'Durante el curso'), ('entry', 'De entrada: dice dónde está cada quien antes de empezar'), ('final', 'Final: se compara con el de entrada')], 'help_text': 'El de entrada se responde una vez, no se aprueba ni se exige. Con uno de entrada y uno final que repitan preguntas, la evaluación del curso dice cuánto se aprendió.', 'label': 'Cuándo se responde', 'required': False}), 39: ('wagtail.blocks.StructBlock', [[('quiz', 36), ('is_required', 37), ('stage', 38)]], {}), 40: ('wagtail.blocks.CharBlock', (), {'default': 'Parte presencial', 'label': 'Título', 'max_length': 255}), 41: ('wagtail.blocks.DecimalBlock', (), {'decimal_places': 1, 'label': 'Horas presenciales', 'max_digits': 5, 'max_value': 999, 'min_value': Decimal('0.5')}), 42: ('wagtail.blocks.IntegerBlock', (), {'default': 80, 'label': 'Porcentaje de las horas al que hay que asistir', 'max_value': 100, 'min_value': 1}), 43: ('wagtail.blocks.BooleanBlock', (), {'default': True, 'label': 'Hay que asistir para completar el curso', 'required': False}), 44: ('wagtail.blocks.StructBlock', [[('title', 40), ('hours', 41), ('min_percent', 42), ('is_required', 43)]], {})}, verbose_name='contenido'),
        ),
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.CheckConstraint(condition=models.Q(('stage', ''), ('kind', 'quiz'), _connector='OR'), name='activity_with_a_stage_is_a_quiz'),
        ),
        migrations.AddConstraint(
            model_name='activity',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'entry'), _negated=True), ('is_required', False), _connector='OR'), name='activity_of_entry_is_not_required'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'entry'), _negated=True), ('is_passed', False), _connector='OR'), name='attempt_of_entry_is_not_passed'),
        ),
    ]
