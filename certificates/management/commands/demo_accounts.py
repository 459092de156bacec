"""Prints who can sign in to the demo, and with what. Prints nothing where the demo was not loaded."""

from django.core.management.base import BaseCommand

from certificates.demo import people


class Command(BaseCommand):
    """`manage.py demo_accounts`."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """One line for each account, then the password they share."""
        data = people.people_data()
        loaded = [spec for spec in data["accounts"] if (person := people.find(spec)) and person.is_demo]
        if not loaded:
            return
        self.stdout.write("Cuentas de demostración (la contraseña es la misma para todas):")
        for spec in loaded:
            self.stdout.write(f"  {people.identifier(spec):<28} {spec['what']}")
        self.stdout.write(f"  Contraseña: {data['password']}")
