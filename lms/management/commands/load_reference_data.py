"""Loads departments, municipalities, posts and languages from `lms/data/`. May be repeated; changes nothing twice."""

import csv
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import transaction

from lms.domain.texts import fold
from lms.models import Department, Language, Municipality, Post

FOLDER = Path(__file__).resolve().parents[2] / "data"


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one table."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


class Command(BaseCommand):
    """`manage.py load_reference_data`."""

    help = __doc__

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        """Upsert every table by its code."""
        for row in rows("departments"):
            Department.objects.update_or_create(
                code=row["code"], defaults={"name": row["name"], "region": row["region"]}
            )
        for order, row in enumerate(rows("languages")):
            Language.objects.update_or_create(
                key=row["key"],
                defaults={
                    "name": row["name_es"],
                    "endonym": row["endonym"],
                    "name_en": row["name_en"],
                    "order": order,
                },
            )
        self._load_posts()
        self._load_municipalities()
        self.stdout.write(
            f"{Department.objects.count()} departments, {Municipality.objects.count()} municipalities, "
            f"{Post.objects.count()} posts, {Language.objects.count()} languages"
        )

    def _load_posts(self) -> None:
        """What ANAM renamed keeps its name, what it moved its place, what it closed stays closed."""
        for order, row in enumerate(rows("posts")):
            facts = {"kind": row["kind"], "is_elected": row["elected"] == "true"}
            names = {"name": row["name_es"], "name_en": row["name_en"], "abbreviation": row["abbreviation"]}
            post, is_new = Post.objects.get_or_create(code=row["code"], defaults={**facts, **names, "order": order})
            if not is_new:
                Post.objects.filter(pk=post.pk).update(**facts, **({} if post.changed_at else names))

    def _load_municipalities(self) -> None:
        departments = {department.code: department for department in Department.objects.all()}
        languages = {language.key: language for language in Language.objects.all()}
        for row in rows("municipalities"):
            names = [row["name"], row["name_common"], row["alt_names"], row["department"]]
            municipality, _created = Municipality.objects.update_or_create(
                code=row["code"],
                defaults={
                    "name": row["name"],
                    "name_common": row["name_common"],
                    "search_text": fold(" ".join(names))[:300],
                    "department": departments[row["department_code"]],
                    "population": int(row["population_2018"]),
                    "latitude": float(row["lat"]),
                    "longitude": float(row["lon"]),
                },
            )
            municipality.languages.set(languages[pair.split(":")[0]] for pair in row["languages"].split())
