"""Loads the 24 tools and the introductions of catalogue and toolbox. May be repeated; keeps what people edited."""

import csv
from collections.abc import Iterator
from pathlib import Path

import yaml
from django.apps import apps
from django.core.management.base import BaseCommand
from django.utils.text import slugify

from courses.domain import tools
from courses.domain.prose import render_list
from courses.domain.tree import ensure_tree

TITLES = Path(apps.get_app_config("lms").path) / "data" / "tools.csv"
TEXTS = Path(apps.get_app_config("courses").path) / "data" / "tools.yaml"


def read_tools() -> Iterator[dict]:
    """Each row of `tools.csv` with its texts, as the fields of a tool's page."""
    texts = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))["tools"]
    with TITLES.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            yield {
                "code": row["code"],
                "slug": f"{row['code'].lower()}-{slugify(row['name_es'])}"[:80].rstrip("-"),
                "family": row["family_code"],
                "title": row["name_es"],
                "summary": row["description_es"],
                "posts": row["audience_posts"].split(),
                "outcome": render_list(texts[row["code"]]["outcome"]),
                "steps": render_list(texts[row["code"]]["steps"], tag="ol"),
                "is_derived": row["status"] == "derived",
            }


class Command(BaseCommand):
    """`manage.py load_tools`."""

    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        """Ensure every tool, then the two introductions."""
        introductions = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))["introductions"]
        catalogue, toolbox = ensure_tree()
        changed = [fields["code"] for fields in read_tools() if tools.ensure_tool(toolbox, **fields)]
        tools.ensure_introduction(catalogue, introductions["catalogue"])
        tools.ensure_introduction(toolbox, introductions["tools"])
        self.stdout.write(f"24 tools, {len(changed)} written")
