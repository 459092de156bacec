from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('certificates', '0008_give_each_certificate_a_bit'),
    ]

    operations = [
        migrations.AlterField(
            model_name='certificatefile',
            name='sha256',
            field=models.CharField(db_index=True, max_length=64),
        ),
    ]
