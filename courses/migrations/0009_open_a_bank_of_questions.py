import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
import modelcluster.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0008_record_watching_by_cut"),
        ("wagtailimages", "0027_image_description"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BankQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(editable=False, max_length=255, verbose_name='nombre')),
                ('kind', models.CharField(choices=[('single', 'Una respuesta'), ('multiple', 'Varias respuestas'), ('true_false', 'Verdadero o falso'), ('numeric', 'Número'), ('short', 'Respuesta corta'), ('matching', 'Relacionar'), ('ordering', 'Ordenar'), ('cloze', 'Completar espacios'), ('essay', 'Redacción'), ('files', 'Entregar archivos')], editable=False, max_length=10, verbose_name='clase')),
                ('search_text', models.TextField(blank=True, editable=False)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='escrita el')),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='archivada el')),
            ],
            options={
                'verbose_name': 'pregunta',
                'verbose_name_plural': 'preguntas',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='QuestionPicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name='QuestionVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('content', models.JSONField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='QuizItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sort_order', models.IntegerField(blank=True, editable=False, null=True)),
                ('draws', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='cuántas del tema')),
                ('points', models.DecimalField(decimal_places=2, default=1, max_digits=6, validators=[django.core.validators.MinValueValidator(0.01), django.core.validators.MaxValueValidator(1000)], verbose_name='puntos de cada una')),
            ],
            options={
                'verbose_name': 'pregunta',
                'verbose_name_plural': 'preguntas',
                'ordering': ['sort_order'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Topic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='nombre')),
                ('is_shared', models.BooleanField(default=False, help_text='Toda persona que escribe cursos puede usar sus preguntas.', verbose_name='compartido')),
            ],
            options={
                'verbose_name': 'tema',
                'verbose_name_plural': 'temas',
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='answer',
            name='given',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='answer',
            name='levels',
            field=models.JSONField(default=dict, help_text='the level chosen for each criterion of a rubric, by their keys'),
        ),
        migrations.AddField(
            model_name='answer',
            name='marked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='answer',
            name='marked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='answer',
            name='percent',
            field=models.DecimalField(decimal_places=5, max_digits=8, null=True),
        ),
        migrations.AddField(
            model_name='answer',
            name='points',
            field=models.DecimalField(decimal_places=2, default=1, max_digits=6),
        ),
        migrations.AddField(
            model_name='answer',
            name='remark',
            field=models.TextField(blank=True, verbose_name='comentario'),
        ),
        migrations.AddField(
            model_name='answer',
            name='said',
            field=models.JSONField(default=list, help_text='prose, written when the attempt closes'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='ends_at',
            field=models.DateTimeField(blank=True, help_text='when its time is over; empty without a limit', null=True),
        ),
        migrations.AddField(
            model_name='quiz',
            name='is_shuffled',
            field=models.BooleanField(default=False, verbose_name='preguntas en otro orden en cada intento'),
        ),
        migrations.AddField(
            model_name='quiz',
            name='minutes',
            field=models.PositiveSmallIntegerField(default=0, help_text='0: sin límite. Corre desde que la persona comienza.', validators=[django.core.validators.MaxValueValidator(1440)], verbose_name='tiempo para responder (minutos)'),
        ),
        migrations.AddField(
            model_name='quiz',
            name='shows',
            field=models.CharField(choices=[('spent', 'Cuando ya no le sirven: al aprobar o sin más intentos'), ('each', 'Después de cada intento'), ('never', 'Nunca')], default='spent', max_length=5, verbose_name='muestra las respuestas correctas'),
        ),
        migrations.AddField(
            model_name='quiz',
            name='wait_minutes',
            field=models.PositiveIntegerField(default=0, help_text='0: sin espera.', validators=[django.core.validators.MaxValueValidator(43200)], verbose_name='espera entre intentos (minutos)'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['ends_at'], name='attempt_open_with_an_end'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('is_passed', False), ('score_percent__gte', models.F('pass_percent')), _connector='OR'), name='attempt_passed_by_score'),
        ),
        migrations.AddField(
            model_name='bankquestion',
            name='made_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='questionpicture',
            name='image',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='wagtailimages.image'),
        ),
        migrations.AddField(
            model_name='questionpicture',
            name='question',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='courses.bankquestion'),
        ),
        migrations.AddField(
            model_name='questionversion',
            name='made_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='questionversion',
            name='question',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='courses.bankquestion'),
        ),
        migrations.AddField(
            model_name='bankquestion',
            name='latest',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='courses.questionversion'),
        ),
        migrations.AddField(
            model_name='answer',
            name='version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='courses.questionversion'),
        ),
        migrations.AddField(
            model_name='quizitem',
            name='question',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='courses.bankquestion', verbose_name='pregunta'),
        ),
        migrations.AddField(
            model_name='quizitem',
            name='quiz',
            field=modelcluster.fields.ParentalKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='courses.quiz'),
        ),
        migrations.AddField(
            model_name='topic',
            name='made_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='topic',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='topics', to='courses.topic', verbose_name='dentro de'),
        ),
        migrations.AddField(
            model_name='quizitem',
            name='topic',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='courses.topic', verbose_name='o al azar del tema'),
        ),
        migrations.AddField(
            model_name='bankquestion',
            name='topic',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='courses.topic', verbose_name='tema'),
        ),
        migrations.AddConstraint(
            model_name='questionpicture',
            constraint=models.UniqueConstraint(fields=('question', 'key'), name='question_picture_once'),
        ),
        migrations.AddConstraint(
            model_name='questionversion',
            constraint=models.UniqueConstraint(fields=('question', 'number'), name='question_version_once'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.UniqueConstraint(models.F('name'), django.db.models.functions.comparison.Coalesce('parent', 0), django.db.models.functions.comparison.Coalesce('made_by', 0), name='topic_once'),
        ),
        migrations.AddConstraint(
            model_name='quizitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('question__isnull', False), ('topic', None)), models.Q(('question', None), ('topic__isnull', False)), _connector='OR'), name='quiz_item_is_a_question_or_a_topic'),
        ),
        migrations.AddConstraint(
            model_name='quizitem',
            constraint=models.CheckConstraint(condition=models.Q(('points__gt', 0)), name='quiz_item_is_worth_something'),
        ),
    ]
