import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("courses", "0010_take_questions_into_the_bank")]

    operations = [
        migrations.RemoveField(
            model_name='choice',
            name='question',
        ),
        migrations.RemoveField(
            model_name='question',
            name='quiz',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='question',
        ),
        migrations.RemoveConstraint(
            model_name='answer',
            name='answer_once_per_question',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='choices',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='chosen',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='explanation',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='is_multiple',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='is_right',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='question_key',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='question_text',
        ),
        migrations.RemoveField(
            model_name='answer',
            name='right',
        ),
        migrations.AlterField(
            model_name='answer',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='courses.questionversion'),
        ),
        migrations.AddConstraint(
            model_name='answer',
            constraint=models.UniqueConstraint(fields=('attempt', 'order'), name='answer_place_once'),
        ),
        migrations.AddConstraint(
            model_name='answer',
            constraint=models.CheckConstraint(condition=models.Q(('percent', None), models.Q(('percent__gte', 0), ('percent__lte', 100)), _connector='OR'), name='answer_percent_is_one'),
        ),
        migrations.DeleteModel(
            name='Choice',
        ),
        migrations.DeleteModel(
            name='Question',
        ),
    ]
