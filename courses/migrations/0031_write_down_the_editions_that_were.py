"""Write down the editions that ended before they were kept, as far as the pages' revisions tell.

When an edition ended is when the next number was published first; its title, hours and certificate are those of its
last published revision. What it required is known of the activities that stand, or stood until later, in the course;
their titles, and what passes a quiz, are today's. Where the revisions are gone nothing is written: who was late there
completes the edition in force, as before.
"""

from decimal import Decimal

from django.db import migrations
from django.db.models import Q

PUBLISHED = ('wagtail.publish', 'wagtail.publish.scheduled')


def write_down(apps, schema_editor):
    CoursePage = apps.get_model('courses', 'CoursePage')
    seen = set()
    for course in CoursePage.objects.filter(edition__gt=1).order_by('pk'):
        if course.translation_key not in seen:
            seen.add(course.translation_key)
            source = CoursePage.objects.filter(translation_key=course.translation_key).order_by('pk').first()
            _write_down(apps, source)


def _write_down(apps, course):
    CourseEdition = apps.get_model('courses', 'CourseEdition')
    began_at, number, content = None, None, None
    for at, said in _published(apps, course.pk):
        if number is not None and number < said['edition'] <= course.edition:
            CourseEdition.objects.create(
                course_key=course.translation_key,
                number=number,
                began_at=began_at,
                ended_at=at,
                **_stated(apps, course, content, at),
            )
            began_at = at
        if number is None or said['edition'] >= number:
            number, content = said['edition'], said


def _published(apps, page):
    """When each version of a page went live, the oldest first, and what it said."""
    entries = apps.get_model('wagtailcore', 'PageLogEntry').objects.filter(page_id=page, action__in=PUBLISHED)
    entries = list(entries.exclude(revision=None).order_by('timestamp', 'pk'))
    revisions = apps.get_model('wagtailcore', 'Revision').objects.in_bulk([one.revision_id for one in entries])
    return [(one.timestamp, revisions[one.revision_id].content) for one in entries if one.revision_id in revisions]


def _stated(apps, course, content, at):
    Activity = apps.get_model('courses', 'Activity')
    stood = Activity.objects.filter(course_key=course.translation_key).exclude(stage='entry')
    stood = stood.filter(Q(retired_at=None) | Q(retired_at__gte=at)).filter(
        Q(required_since=None) | Q(required_since__lt=at)
    )
    activities = list(stood.select_related('quiz').order_by('order', 'pk'))
    # What is optional today and was required once may have been required then: rather asked for than certified.
    required = [one for one in activities if one.is_required or one.required_since]
    asked = {
        'required': {one.pk: one.required_since.isoformat() if one.required_since else None for one in required},
        'optional': [one.pk for one in activities if one not in required],
    }
    said = {
        'title': content['title'],
        'hours': _one_place(content['hours']),
        'virtual_hours': _one_place(content.get('virtual_hours')),
        'certificate_kind': content.get('certificate_kind', course.certificate_kind),
        'certificate_months': content.get('certificate_months'),
        'grace_days': content.get('grace_days'),
        'renews_key': content.get('renews_key'),
        'competency': _proven(apps, content),
        'programme': _programme(apps, activities, at),
        'activities': [_activity(one) for one in required],
    }
    return {'asked': asked, 'said': said}


def _one_place(hours):
    return None if hours is None else f'{Decimal(str(hours)):.1f}'


def _proven(apps, content):
    level = content.get('competency_level')
    one = apps.get_model('courses', 'Competency').objects.filter(pk=content.get('competency')).first()
    if one is None or not level or not content.get('certificate_kind'):
        return {}
    return {'key': one.key, 'name': one.name, 'level': level, 'level_name': getattr(one, f'level_{level}') or str(level)}


def _programme(apps, activities, at):
    """The titles of the lessons, in their order, as they were published last by then."""
    lessons = apps.get_model('courses', 'LessonPage').objects.order_by('pk')
    titles = []
    for key in dict.fromkeys(one.lesson_key for one in activities):
        page = lessons.filter(translation_key=key).first()
        if page:
            before = [said['title'] for when, said in _published(apps, page.pk) if when < at]
            titles.append(before[-1] if before else page.title)
    return titles


def _activity(one):
    return {
        'id': one.pk,
        'key': str(one.block_key),
        'kind': one.kind,
        'title': one.title,
        'hours': _one_place(one.hours),
        'pass_percent': one.quiz.pass_percent if one.quiz else None,
    }


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0030_keep_what_each_edition_stated'),
        ('wagtailcore', '0098_apitoken'),
    ]

    operations = [migrations.RunPython(write_down, migrations.RunPython.noop, elidable=False)]
