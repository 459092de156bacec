"""Keeping the catalogue of posts: ANAM adds, renames, orders and closes; nothing is deleted, and codes stay."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms import permissions
from lms.models import Person, Post

from . import audit
from .errors import RuleBroken
from .texts import fold

ACTION = "manage_reference_data"
KINDS = {
    "cargo": gettext_lazy("Cargo"),
    "dependencia": gettext_lazy("Dependencia u oficina"),
    "organo": gettext_lazy("Órgano"),
    "comision": gettext_lazy("Comisión"),
    "consejo": gettext_lazy("Consejo"),
    "red": gettext_lazy("Red"),
    "asociacion": gettext_lazy("Asociación"),
}
NAME_LENGTH, SHORT_LENGTH = 120, 20


def add(*, name: str, kind: str, by: Person | None, abbreviation: str = "", name_en: str = "") -> Post:
    """Put a post of ANAM's own at the end.

    Raises `post.not_allowed`, `post.name_missing`, `post.name_taken` and `post.kind_unknown`.
    """
    _assert_may(by)
    if kind not in KINDS:
        raise RuleBroken("post.kind_unknown", _("Elija una clase de la lista."))
    with transaction.atomic():
        _lock_all()
        given = _names(name, abbreviation, name_en)
        _assert_free(given["name"])
        last = Post.objects.aggregate(last=Max("order"))["last"] or 0
        post = Post.objects.create(code=_next_code(), kind=kind, order=last + 1, is_own=True, **given)
        audit.record("post.added", by=by, subject=_subject(post), facts={"post": post.code, "title": post.name})
    return post


def change(*, post: Post, name: str, by: Person | None, abbreviation: str = "", name_en: str = "") -> Post:
    """Call a post otherwise; its code stays, and the source's names do not come back. Raises as `add`."""
    _assert_may(by)
    with transaction.atomic():
        _lock_all()
        locked = Post.objects.get(pk=post.pk)
        given = _names(name, abbreviation, name_en)
        changed = {key: value for key, value in given.items() if getattr(locked, key) != value}
        if not changed:
            return locked
        _assert_free(given["name"], besides=locked)
        before = locked.name
        for key, value in changed.items():
            setattr(locked, key, value)
        locked.changed_at = timezone.now()
        locked.save(update_fields=[*changed, "changed_at"])
        facts = {"post": locked.code, "title": locked.name, "before": before}
        audit.record("post.changed", by=by, subject=_subject(locked), facts=facts)
    return locked


def set_open(*, post: Post, is_open: bool, by: Person | None) -> None:
    """Offer a post, or offer it no more; appointments that name it stay. Raises `post.not_allowed`."""
    _assert_may(by)
    with transaction.atomic():
        if Post.objects.filter(pk=post.pk, is_open=not is_open).update(is_open=is_open):
            action = "post.reopened" if is_open else "post.closed"
            audit.record(action, by=by, subject=_subject(post), facts={"post": post.code})


def move(*, post: Post, up: bool, by: Person | None) -> None:
    """Let a post change places with its neighbour; the first and the last stay. Raises `post.not_allowed`."""
    _assert_may(by)
    with transaction.atomic():
        _lock_all()
        ordered = list(Post.objects.order_by("order", "pk"))
        here = next(number for number, one in enumerate(ordered) if one.pk == post.pk)
        there = here - 1 if up else here + 1
        if not 0 <= there < len(ordered):
            return
        ordered[here], ordered[there] = ordered[there], ordered[here]
        for number, one in enumerate(ordered):
            one.order = number
        Post.objects.bulk_update(ordered, ["order"])
        audit.record("post.moved", by=by, subject=_subject(post), facts={"post": post.code})


def _assert_may(by: Person | None) -> None:
    if by is not None and not permissions.nationwide(by, ACTION):
        raise RuleBroken("post.not_allowed", _("Usted no puede cambiar el catálogo de puestos."))


def _lock_all() -> None:
    list(Post.objects.select_for_update().order_by("pk").values_list("pk", flat=True))


def _names(name: str, abbreviation: str, name_en: str) -> dict[str, str]:
    name, abbreviation, name_en = (" ".join(text.split()) for text in (name, abbreviation, name_en))
    if not name or len(name) > NAME_LENGTH or len(abbreviation) > SHORT_LENGTH or len(name_en) > NAME_LENGTH:
        raise RuleBroken("post.name_missing", _("Escriba el nombre del puesto, en 120 letras o menos."))
    return {"name": name, "abbreviation": abbreviation, "name_en": name_en or name}


def _assert_free(name: str, besides: Post | None = None) -> None:
    others = Post.objects.exclude(pk=besides.pk) if besides else Post.objects.all()
    if fold(name) in {fold(one) for one in others.values_list("name", flat=True)}:
        raise RuleBroken("post.name_taken", _("Ya hay un puesto con ese nombre."))


def _next_code() -> str:
    taken = set(Post.objects.filter(code__startswith="ANAM").values_list("code", flat=True))
    return next(code for number in range(1, 10_000) if (code := f"ANAM{number:03d}") not in taken)


def _subject(post: Post) -> str:
    return f"lms.post:{post.code}"
