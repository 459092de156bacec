import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0021_fill_in_worksheets'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='attempt',
            name='language',
            field=models.CharField(blank=True, help_text='in which it is read, where there is a translation', max_length=100),
        ),
        migrations.CreateModel(
            name='QuestionTranslation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=100)),
                ('number', models.PositiveIntegerField()),
                ('texts', models.JSONField(default=dict)),
                ('outdated', models.JSONField(default=dict)),
                ('published_at', models.DateTimeField(null=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='translations', to='courses.questionversion')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.AddField(
            model_name='answer',
            name='translation',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='courses.questiontranslation'),
        ),
        migrations.CreateModel(
            name='QuizTranslation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=100)),
                ('title', models.CharField(blank=True, max_length=160)),
                ('instructions', models.TextField(blank=True)),
                ('of_title', models.CharField(blank=True, max_length=160)),
                ('of_instructions', models.TextField(blank=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('quiz', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='translations', to='courses.quiz')),
            ],
        ),
        migrations.AddConstraint(
            model_name='questiontranslation',
            constraint=models.UniqueConstraint(fields=('version', 'language', 'number'), name='question_translation_once'),
        ),
        migrations.AddConstraint(
            model_name='questiontranslation',
            constraint=models.UniqueConstraint(condition=models.Q(('published_at', None)), fields=('version', 'language'), name='question_translation_one_draft'),
        ),
        migrations.AddConstraint(
            model_name='questiontranslation',
            constraint=models.CheckConstraint(condition=models.Q(('language', ''), _negated=True), name='question_translation_has_a_language'),
        ),
        migrations.AddConstraint(
            model_name='quiztranslation',
            constraint=models.UniqueConstraint(fields=('quiz', 'language'), name='quiz_translation_once'),
        ),
        migrations.AddConstraint(
            model_name='quiztranslation',
            constraint=models.CheckConstraint(condition=models.Q(('language', ''), _negated=True), name='quiz_translation_has_a_language'),
        ),
    ]
