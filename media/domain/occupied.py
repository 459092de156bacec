"""What the videos occupy: originals and what was made of them, by course, collection and person."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Sum
from django.utils.translation import gettext as _

from lms.domain.sheets import Cell
from media.domain import places
from media.models import Cut, Rendition, Track, Video


@dataclass
class Line:
    """So many videos under one name, in bytes."""

    name: str
    count: int = 0
    originals: int = 0
    renditions: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.originals + self.renditions

    def add(self, held: "Held") -> None:
        """Count a video in."""
        self.count += 1
        self.originals += held.originals
        self.renditions += held.renditions


@dataclass(frozen=True)
class Held:
    """One video and what it occupies."""

    pk: int
    title: str
    collection: str
    person: str
    originals: int
    renditions: int
    courses: dict[int, str] = field(default_factory=dict)
    is_used: bool = True


@dataclass(frozen=True)
class Account:
    """Everything at once. What stands in two courses counts in both, and once in the whole."""

    whole: Line
    unused: Line
    by_course: list[Line]
    by_collection: list[Line]
    by_person: list[Line]


def held() -> list[Held]:
    """Every video with what it occupies: as many queries for a thousand as for one."""
    originals: dict[int, dict[str, int]] = defaultdict(dict)
    for model, key in ((Video, "pk"), (Cut, "video_id"), (Track, "video_id")):
        rows = model.objects.exclude(source_path="").order_by()
        for video, path, size in rows.values_list(key, "source_path", "source_bytes"):
            originals[video][path] = size  # two cuts trimmed from one original name the same file
    sums = Rendition.objects.order_by().values("video_id").annotate(sum=Sum("bytes"))
    made = dict(sums.values_list("video_id", "sum"))
    courses, used = places.courses_by_video(), places.used()
    videos = Video.objects.select_related("collection", "uploaded_by").order_by("title", "pk")
    return [
        Held(
            pk=video.pk,
            title=video.title,
            collection=video.collection.name,
            person=video.uploaded_by.full_name if video.uploaded_by else _("la instalación"),
            originals=sum(originals[video.pk].values()),
            renditions=made.get(video.pk, 0),
            courses=courses.get(video.pk, {}),
            is_used=video.pk in used,
        )
        for video in videos
    ]


def account() -> Account:
    """The sums, the largest first."""
    whole, unused = Line(_("Todo")), Line(_("Sin usar"))
    groups: tuple[dict[object, Line], ...] = ({}, {}, {})
    for one in held():
        whole.add(one)
        if not one.is_used:
            unused.add(one)
        names: tuple[dict[object, str], ...] = (
            dict(one.courses.items()) or {None: _("En ningún curso")},
            {one.collection: one.collection},
            {one.person: one.person},
        )
        for group, called in zip(groups, names, strict=True):
            for key, name in called.items():
                group.setdefault(key, Line(name)).add(one)
    sorted_groups = [sorted(group.values(), key=lambda line: -line.total) for group in groups]
    return Account(whole, unused, *sorted_groups)


def headings() -> list[str]:
    """The first row of the file."""
    return [
        _("Video"),
        _("Cursos"),
        _("Colección"),
        _("Subido por"),
        _("Originales (bytes)"),
        _("Versiones (bytes)"),
        _("En uso"),
    ]


def rows() -> Iterator[list[Cell]]:
    """One row a video."""
    for one in held():
        courses = "; ".join(sorted(one.courses.values()))
        used = _("sí") if one.is_used else _("no")
        yield [one.title, courses, one.collection, one.person, one.originals, one.renditions, used]
