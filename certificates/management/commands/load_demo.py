"""Loads the demo: three courses with videos, and fictitious people in every state. May be repeated; changes nothing."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from certificates.demo import asking, career, courses, people, progress
from courses.models import CoursePage
from lms.models import Network, Person


class Command(BaseCommand):
    """`manage.py load_demo [--small] [--even-in-production]`."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--small", action="store_true", help="few people and very short videos, for tests")
        parser.add_argument("--even-in-production", action="store_true", help="load it where people work for real")

    def handle(self, *args: object, **options: object) -> None:
        """People with roles, the courses, everybody else, what they did, and their certificates."""
        if settings.PRODUCTION and not options["even_in_production"]:
            raise CommandError("This is production: the demo is not loaded without --even-in-production.")
        is_small = bool(options["small"])
        call_command("load_tools", stdout=self.stdout)
        persons = self._load_people(is_small)
        administrator, trainer = persons["administrator"], persons["trainer"]
        network = people.ensure_network(by=administrator)
        taught = self._load_courses(network, trainer, is_small)
        asking.ensure_competencies(taught)
        self._load_progress(network, administrator, taught, is_small)
        asking.ensure_path(taught)
        asking.ensure_assignment(taught["FI02"], by=administrator)
        new = progress.issue_certificates()
        revocation = people.people_data()["revocation"]
        by_two = {"asked_by": administrator, "by": persons["certifier"]}
        progress.ensure_revocation(persons[revocation["person"]], reason=revocation["reason"], **by_two)
        for spec in people.people_data()["declared"]:
            career.ensure_declared(persons[spec["person"]], spec, checker=administrator, certifier=persons["certifier"])
        count = Person.objects.filter(is_demo=True).count()
        self.stdout.write(f"Demo: {len(taught)} courses, {count} people, {new} new certificates")

    def _load_people(self, is_small: bool) -> dict[str, Person]:
        """Everybody, by the key of their row; the administrator comes first and gives the others their roles."""
        found: dict[str, Person] = {}
        for spec in people.wanted_people(is_small=is_small):
            by = None if spec.get("key") == "administrator" else found["administrator"]
            found[spec.get("key") or spec["surnames"]] = people.ensure_person(spec, by=by)
        return found

    def _load_courses(self, network: Network, trainer: Person, is_small: bool) -> dict[str, CoursePage]:
        """The courses by the code of their tool."""
        taught = {}
        for name in courses.COURSES:
            course = courses.ensure_course(name, network=network, by=trainer, is_short=is_small)
            courses.ensure_sessions(course, by=trainer)
            taught[courses.course_data(name)["tool"]] = course
            self.stdout.write(f"· {course.title}")
        return taught

    def _load_progress(
        self, network: Network, administrator: Person, taught: dict[str, CoursePage], is_small: bool
    ) -> None:
        for spec in people.wanted_people(is_small=is_small):
            person = people.find(spec)
            if person is None:
                continue
            people.ensure_consent(person, spec, by=administrator)
            people.ensure_membership(person, spec, network, by=administrator)
            people.ensure_request(person, spec, network)
            for code, plan in spec.get("courses", {}).items():
                progress.ensure_progress(person, taught[code], progress.Plan(**plan))
