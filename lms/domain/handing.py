"""Handing rows from one record to another so that they can be handed back: what each app's `merge` is made of.

Journals are JSON. A column is put back only where nobody changed it since, so that what was done after a merge stays.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import Model

from lms.models import Person

Columns = dict[str, list]  # name of the column: [before, after]


def hand_over(survivor: Person, absorbed: Person, columns: Iterable[str]) -> dict[str, list[int]]:
    """Let every row whose `app_label.Model.field` names `absorbed` name `survivor`; returns their keys by column."""
    moved = {}
    for column in columns:
        rows, field = _rows(column)
        if keys := sorted(rows.filter(**{field: absorbed}).values_list("pk", flat=True)):
            rows.filter(pk__in=keys).update(**{field: survivor})
            moved[column] = keys
    return moved


def hand_back(survivor: Person, absorbed: Person, moved: dict[str, list[int]]) -> None:
    """Undo `hand_over`; a row that somebody else has by now stays with them."""
    for column, keys in moved.items():
        rows, field = _rows(column)
        rows.filter(**{field: survivor, "pk__in": keys}).update(**{field: absorbed})


def _rows(column: str) -> tuple[Any, str]:
    """Every row of the model that a column is of, and the column's name."""
    label, _dot, field = column.rpartition(".")
    model: Any = apps.get_model(label)
    return model._base_manager, field


def plain(row: Model, column: str) -> Any:
    """The value of a column as JSON."""
    field = row._meta.get_field(column)
    return None if field.value_from_object(row) is None else field.value_to_string(row)  # type: ignore[union-attr]


def read(row: Model, column: str, value: Any) -> Any:
    """What `plain` made of a column's value, as the column has it; for a foreign key the other row's key."""
    return None if value is None else row._meta.get_field(column).to_python(value)  # type: ignore[union-attr]


def write(row: Model, **values: Any) -> Columns:
    """Set columns and save those that change; returns what `rewrite` needs."""
    changed: Columns = {}
    for column, value in values.items():
        before = plain(row, column)
        setattr(row, column, value)
        if (after := plain(row, column)) != before:
            changed[column] = [before, after]
    if changed:
        row.save(update_fields=list(changed))
    return changed


def rewrite(row: Model, changed: Columns) -> None:
    """Put the columns back that still are as `write` left them."""
    back = [column for column, (_before, after) in changed.items() if plain(row, column) == after]
    for column in back:
        attname = row._meta.get_field(column).attname  # type: ignore[union-attr]
        setattr(row, attname, read(row, column, changed[column][0]))
    if back:
        row.save(update_fields=back)
