"""The catalogue of posts: ANAM adds, renames, orders and closes; the source never undoes it; nothing is deleted."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from lms.domain import posts
from lms.domain.errors import RuleBroken
from lms.forms import AppointmentForm, PersonForm
from lms.models import AuditEvent, Post
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client):
    person = somebody_with_role("administrator")
    client.force_login(person)
    return person


def codes() -> list[str]:
    return list(Post.objects.values_list("code", flat=True))


def code_of(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        verb(**arguments)
    return caught.value.code


def test_a_post_is_added_at_the_end_with_a_code_of_anams_own(client, administrator):
    form = {"name": " Gestor  de datos ", "kind": "cargo", "abbreviation": "GD"}
    assert client.post(reverse("lms_posts:add"), form).status_code == 302
    post = Post.objects.last()
    assert (post.code, post.name, post.name_en, post.is_own, post.is_open) == (
        "ANAM001",
        "Gestor de datos",
        "Gestor de datos",
        True,
        True,
    )
    again = client.post(reverse("lms_posts:add"), {**form, "name": "gestor de datos"})
    assert (again.status_code, set(again.context["form"].errors)) == (422, {"name"})
    second = posts.add(name="Otro puesto", kind="cargo", by=administrator)
    assert second.code == "ANAM002"
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["post.added", "post.added"]


def test_a_renamed_post_keeps_its_code_and_is_marked_as_derived(client, administrator):
    post = Post.objects.get(code="RECEP")
    form = {"name": "Receptora o receptor", "abbreviation": "", "name_en": "Cashier", "kind": "red", "code": "X"}
    assert client.post(reverse("lms_posts:edit", args=[post.pk]), form).status_code == 302
    changed = Post.objects.get(code="RECEP")
    assert (changed.name, changed.kind, changed.is_own) == ("Receptora o receptor", post.kind, False)
    assert changed.changed_at is not None
    assert "derivado de la fuente" in client.get(reverse("lms_posts:index")).content.decode()


def test_loading_the_source_again_undoes_nothing(administrator):
    renamed, closed = Post.objects.get(code="RECEP"), Post.objects.get(code="ALC")
    posts.change(post=renamed, name="Otro nombre", abbreviation="ON", by=administrator)
    posts.set_open(post=closed, is_open=False, by=administrator)
    posts.move(post=closed, up=False, by=administrator)
    own = posts.add(name="Propio", kind="cargo", by=administrator)
    Post.objects.filter(code="SIN").update(name="Estropeado")
    before = codes()
    call_command("load_reference_data", verbosity=0)
    renamed.refresh_from_db()
    closed.refresh_from_db()
    assert (renamed.name, renamed.abbreviation, closed.is_open) == ("Otro nombre", "ON", False)
    assert Post.objects.get(code="SIN").name == "Síndico o síndica municipal"
    assert codes() == before
    assert Post.objects.filter(pk=own.pk).exists()


def test_a_post_moves_up_and_down_and_stops_at_the_ends(client, administrator):
    first, second = Post.objects.all()[:2]
    move = reverse("lms_posts:move", args=[second.pk])
    assert client.get(move).status_code == 200
    assert client.post(move, {"to": "up"}).url == move
    assert codes()[:2] == [second.code, first.code]
    client.post(move, {"to": "up"})
    assert codes()[:2] == [second.code, first.code]
    client.post(move, {"to": "down"})
    assert codes()[:2] == [first.code, second.code]
    assert "Subir un lugar" not in client.get(reverse("lms_posts:move", args=[first.pk])).content.decode()


def test_a_closed_post_is_offered_no_more_and_stays_where_it_was_given(client, administrator):
    person = an_employee(post="RECEP")
    post = Post.objects.get(code="RECEP")
    ask = reverse("lms_posts:delete", args=[post.pk])
    assert "Sí, dejar de ofrecerlo" in client.get(ask).content.decode()
    client.post(ask)
    post.refresh_from_db()
    assert post.is_open is False
    for form in (AppointmentForm(), PersonForm()):
        assert post not in form.fields["post"].queryset
    assert person.current_appointment().post == post
    assert "Sí, ofrecerlo de nuevo" in client.get(ask).content.decode()
    client.post(ask)
    post.refresh_from_db()
    assert post.is_open is True
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["post.closed", "post.reopened"]


@pytest.mark.parametrize("role", ["trainer", "certifier", "auditor", "hr_delegate", "department_delegate"])
def test_nobody_else_touches_the_catalogue(client, role):
    person, post = somebody_with_role(role), Post.objects.first()
    client.force_login(person)
    for name, keys in (("index", []), ("add", []), ("edit", [post.pk]), ("delete", [post.pk]), ("move", [post.pk])):
        address = reverse(f"lms_posts:{name}", args=keys)
        assert {client.get(address).status_code, client.post(address).status_code} <= {403, 405}
    arguments = {"by": person}
    broken = {
        code_of(posts.add, name="X", kind="cargo", **arguments),
        code_of(posts.change, post=post, name="X", **arguments),
        code_of(posts.set_open, post=post, is_open=False, **arguments),
        code_of(posts.move, post=post, up=False, **arguments),
    }
    assert broken == {"post.not_allowed"}


def test_what_a_post_is_called_follows_rules(administrator):
    post = Post.objects.first()
    arguments = {"by": administrator}
    assert code_of(posts.add, name=" ", kind="cargo", **arguments) == "post.name_missing"
    assert code_of(posts.add, name="X" * 121, kind="cargo", **arguments) == "post.name_missing"
    assert code_of(posts.add, name="X", kind="luna", **arguments) == "post.kind_unknown"
    taken = Post.objects.last().name.upper()
    assert code_of(posts.change, post=post, name=taken, **arguments) == "post.name_taken"
    posts.change(post=post, name=post.name, abbreviation=post.abbreviation, name_en=post.name_en, **arguments)
    post.refresh_from_db()
    assert post.changed_at is None
    assert not AuditEvent.objects.exists()
