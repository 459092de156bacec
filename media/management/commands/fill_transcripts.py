"""`manage.py fill_transcripts`: write the lines of captions that lack them."""

from django.core.management.base import BaseCommand

from media.domain import captions


class Command(BaseCommand):
    """Brings the lines that the search reads in step with the captions."""

    help = "Write the transcript lines of captions that have none, or others; repeating it changes nothing."

    def add_arguments(self, parser) -> None:
        """`--dry-run` only counts."""
        parser.add_argument("--dry-run", action="store_true", help="count, and write nothing")

    def handle(self, *args, **options) -> None:
        """Tell how many captions were out of step."""
        count = captions.fill_lines(write=not options["dry_run"])
        self.stdout.write(f"{count} captions {'would be written' if options['dry_run'] else 'written'}")
