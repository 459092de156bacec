"""What is missing, in words, and where it is to be had."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from courses.domain.coverage import Coverage
from courses.domain.durations import in_words, on_the_clock
from courses.models import Activity


@dataclass(frozen=True)
class Lack:
    """One thing that is missing, and the address of exactly its place."""

    words: str
    url: str
    title: str = ""


def of_video(coverage: Coverage, url: str, activity: Activity) -> tuple[Lack, ...]:
    """What is missing of a video: a share of it, and each passage that has to be seen."""
    place = f"{url}#a-{activity.block_key}"
    is_sound = activity.video is not None and activity.video.kind == activity.video.Kind.SOUND
    found = [Lack(video_words(coverage.missing_seconds, is_sound=is_sound), place)] if coverage.missing_seconds else []
    for one in coverage.missing_passages:
        at = f"{url}?video={activity.block_key}&segundo={one.next_second}#a-{activity.block_key}"
        found.append(Lack(passage_words(one.missing_seconds, one.first, one.after), at))
    return tuple(found) or (Lack(_("Ya vio lo suficiente: abra la lección para que cuente"), place),)


def coverage_words(coverage: Coverage, *, is_sound: bool = False) -> str:
    """The same in one line; empty when nothing is missing."""
    share = video_words(coverage.missing_seconds, is_sound=is_sound)
    passages = [passage_words(one.missing_seconds, one.first, one.after) for one in coverage.missing_passages]
    return "; ".join(words for words in [share, *passages] if words)


def video_words(missing_seconds: int, *, is_sound: bool = False) -> str:
    """What is missing of a video, or of a recording without a picture."""
    return _video_words(missing_seconds, is_sound, get_language()) if missing_seconds > 0 else ""


@lru_cache(4096)
def _video_words(missing_seconds: int, is_sound: bool, _language: str | None) -> str:
    number = _number(missing_seconds)
    if is_sound:
        template = ngettext("Le falta %(time)s de la grabación", "Le faltan %(time)s de la grabación", number)
    else:
        template = ngettext("Le falta %(time)s del video", "Le faltan %(time)s del video", number)
    return template % {"time": in_words(missing_seconds)}


def passage_words(missing_seconds: int, first: int, after: int) -> str:
    """What is missing of a passage that has to be seen."""
    template = ngettext(
        "Le falta %(time)s del pasaje obligatorio %(first)s–%(after)s",
        "Le faltan %(time)s del pasaje obligatorio %(first)s–%(after)s",
        _number(missing_seconds),
    )
    return template % {"time": in_words(missing_seconds), "first": on_the_clock(first), "after": on_the_clock(after)}


def _number(seconds: int) -> int:
    """One second, one minute and one hour are one; everything else is many."""
    return 1 if seconds in {1, 60, 3600} else 2


def reading_words() -> str:
    """What is missing of a reading."""
    return _("Lea la lección y márquela como leída")


def quiz_words(pass_percent: int, max_attempts: int, tried: dict | None) -> str:
    """What is missing of a quiz: the mark, the best so far, what is being marked, the attempts left."""
    words = _("Apruebe el cuestionario: necesita %(pass)s %%") % {"pass": pass_percent}
    if not tried:
        return words
    parts = [words]
    if tried["best"] is not None:
        parts.append(_("su mejor nota es %(best)s %%") % {"best": tried["best"]})
    if tried["open"]:
        parts.append(_("tiene un intento a medias"))
    elif tried["to_mark"]:
        parts.append(_("su intento espera que lo califiquen"))
    elif max_attempts:
        left = max(0, max_attempts - tried["count"])
        some = ngettext("le queda %(n)d intento", "le quedan %(n)d intentos", left) % {"n": left}
        parts.append(some if left else _("ya no le quedan intentos: hable con quien imparte el curso"))
    return ", ".join(parts)
