"""Written statements: the same rows as the ORM's, on a line that stays good after a fault."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, DataError, connection, transaction
from django.utils.safestring import mark_safe

from lms.models import Person, RoleGrant, reading
from tests.crossing import on_postgresql
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db
SELECT = "SELECT own.id FROM lms_person own WHERE own.id = %s"


def test_a_row_is_the_one_that_the_orm_makes():
    person = a_person()
    (row,) = reading.ask(SELECT.replace("own.id", reading.columns(Person, "own"), 1), [person.pk])
    built, known = reading.build(Person, row), Person.objects.get(pk=person.pk)
    assert vars(built).keys() == vars(known).keys()
    assert all(getattr(built, field.attname) == getattr(known, field.attname) for field in Person._meta.concrete_fields)
    assert not built._state.adding
    assert built._state.db == known._state.db


def test_a_column_that_is_not_named_is_read_when_it_is_asked_for(django_assert_num_queries):
    person = a_person()
    built = reading.build(Person, [person.pk], ("id",))
    with django_assert_num_queries(1):
        assert built.surnames == person.surnames


def test_a_new_row_names_every_column():
    with pytest.raises(TypeError, match="person_id"):
        reading.fresh(RoleGrant, role="trainer")


@on_postgresql
def test_each_of_several_statements_gives_its_rows():
    one, other = a_person(), a_person()
    assert reading.ask_together((SELECT, [one.pk]), (SELECT, [other.pk]), (SELECT, [0])) == [
        [(one.pk,)],
        [(other.pk,)],
        [],
    ]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_what_was_begun_with_the_statements_is_undone_with_them():
    person = a_person()
    change = "UPDATE lms_person SET surnames = 'Otra' WHERE id = %s"
    with transaction.atomic():
        reading.ask_together((change, [person.pk]), (SELECT, [person.pk]))
        transaction.set_rollback(True)
    assert Person.objects.get(pk=person.pk).surnames == person.surnames


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_after_a_fault_the_rest_is_not_done_and_the_line_is_good():
    person = a_person()
    change = "UPDATE lms_person SET surnames = 'Otra' WHERE id = %s"
    with pytest.raises(DataError), transaction.atomic():
        reading.ask_together(("SELECT 1 / %s::integer", [0]), (change, [person.pk]))
    assert reading.ask(SELECT, [person.pk]) == [(person.pk,)]
    assert Person.objects.get(pk=person.pk).surnames == person.surnames


@on_postgresql
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", -(2**62)),
        ("float8", 0.1 + 0.2),
        ("float8", 1e-300),
        ("bool", True),
        ("bool", False),
        ("uuid", UUID("0f8fad5b-d9cb-469f-a165-70867728950e")),
        ("timestamptz", datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)),
        ("text", "Xʼol «100 %», {}"),
        ("text", mark_safe("Tz’unun")),
        ("numeric", Decimal("12.50")),
        ("bigint[]", [1, 2]),
        ("uuid[]", [UUID("0f8fad5b-d9cb-469f-a165-70867728950e")]),
        ("text", None),
    ],
)
def test_a_value_comes_back_as_it_went(kind, value):
    assert reading.ask(f"SELECT %s::{kind}", [value]) == [(value,)]


@on_postgresql
def test_a_text_is_never_cut_off():
    with pytest.raises(DataError):
        reading.ask("SELECT %s::text", ["abc\0def"])


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_what_the_server_forgot_is_prepared_anew():
    person = a_person()
    assert reading.ask(SELECT, [person.pk])
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with pytest.raises(DatabaseError):
        reading.ask(SELECT, [person.pk])
    assert reading.ask(SELECT, [person.pk]) == [(person.pk,)]
