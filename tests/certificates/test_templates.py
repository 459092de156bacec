"""Templates: who sees which rule, versions that stay, and papers that stay as they were issued."""

import io
from uuid import uuid4

import pikepdf
import pypdf
import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from certificates import checks
from certificates.domain import checking, designs, issuing, pictures, rendering, samples, templates
from certificates.models import CertificateTemplate, TemplatePicture, TemplateUse, TemplateVersion
from certificates.pdf import render, render_sample
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.certificates.test_archivable import faults
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course
from tests.factories.people import somebody_with_role
from tests.factories.templates import a_design, a_file, a_picture, a_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return somebody_with_role("administrator")


def code_of(verb, *args, **said) -> str:
    with pytest.raises(RuleBroken) as broken:
        verb(*args, **said)
    return broken.value.code


# Which template


def is_ours(facts: dict) -> bool:
    return facts["layout"] == templates.LAYOUT and "template" not in facts["design"]


def test_without_a_template_it_is_issued_with_our_design(settings):
    assert is_ours(a_certificate().facts)
    settings.CERTIFICATE_SIGNATORIES = [{"name": "Prueba", "role": "Dirección de prueba"}]
    a_template(is_published=False)
    a_template()  # published, and nobody's choice
    certificate = a_certificate()
    assert is_ours(certificate.facts)
    assert certificate.facts["signatories"] == settings.CERTIFICATE_SIGNATORIES
    said = " ".join(pypdf.PdfReader(io.BytesIO(render(certificate))).pages[0].extract_text().split())
    assert "Dirección de prueba" in said
    assert certificate.person_name in said


@pytest.mark.parametrize(
    "said", ["ANAM", [{"name": "Ana"}], [{"name": "", "role": " "}], [{"name": "", "role": "x"}] * 4]
)
def test_signatories_that_cannot_be_drawn_are_named_at_the_start(settings, said):
    assert checks.check_signatories() == []
    settings.CERTIFICATE_SIGNATORIES = said
    assert [found.id for found in checks.check_signatories()] == ["certificates.E002"]


def test_the_course_s_own_comes_before_the_default():
    course = a_course()
    own = a_template(courses=[course])
    default = a_template(is_default=True, signatories=2)
    keys = [a_certificate(course=one).facts["design"]["template"]["key"] for one in (course, a_course())]
    assert keys == [str(own.public_id), str(default.public_id)]
    assert is_ours(a_certificate(certificate_kind="constancia").facts)


def test_a_course_s_template_of_another_kind_is_not_taken():
    """The course gives another kind since."""
    course = a_course()
    a_template(courses=[course])
    assert is_ours(a_certificate(course=course, certificate_kind="competencia").facts)


def test_one_default_a_kind(admin):
    first = a_template(is_default=True)
    second = a_template(is_default=True)
    other = a_template(kind="constancia", is_default=True)
    assert set(CertificateTemplate.objects.filter(is_default=True)) == {second, other}
    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateTemplate.objects.filter(pk=first.pk).update(is_default=True)


def test_a_course_has_one_template(admin):
    course = a_course()
    first, second = a_template(courses=[course]), a_template(courses=[course])
    assert [use.template for use in TemplateUse.objects.all()] == [second]
    with pytest.raises(IntegrityError), transaction.atomic():
        TemplateUse.objects.create(course_key=course.translation_key, template=first)
    templates.use(second, is_default=False, course_keys=[], by=admin)
    assert not TemplateUse.objects.exists()


def test_only_what_was_published_is_chosen_and_only_by_courses_of_its_kind(admin):
    draft, other = a_template(is_published=False), a_course(certificate_kind="constancia")
    assert code_of(templates.use, draft, is_default=True, course_keys=[], by=admin) == "template.unpublished"
    for key in (other.translation_key, uuid4()):
        assert code_of(templates.use, a_template(), is_default=False, course_keys=[key], by=admin) == (
            "template.other_kind"
        )


# Versions


def changed(template, admin, **said) -> CertificateTemplate:
    design = a_design(**said)
    return templates.change(
        template, name=template.name, kind=template.kind, design=design, seen=template.draft_number, by=admin
    )


def test_what_was_issued_stays_as_it_was_issued(admin):
    template = a_template(is_default=True, logos=2, signatories=2, is_signed=True, texts={"title": "Reconocimiento"})
    certificate = a_certificate()
    sealed = rendering.ensure_file(certificate)
    drawn = render(certificate, sealed.credential)
    frozen = certificate.facts["design"]
    assert frozen["template"] == {"key": str(template.public_id), "version": 1}

    changed(template, admin, paper="portrait", signatories=1, language="en")
    assert (
        templates.newest_design(kind="diploma", course_key=a_completion().course_key)["design"]["template"]["version"]
        == 1
    )
    templates.publish(template, by=admin)
    newer = a_certificate()
    rendering.ensure_file(newer)
    assert newer.facts["design"]["paper"] == "portrait"
    assert newer.facts["design"]["template"]["version"] == 2

    certificate.refresh_from_db()
    assert certificate.facts["design"] == frozen
    assert render(certificate, sealed.credential) == drawn
    assert rendering.ensure_file(certificate).sha256 == sealed.sha256
    assert list(checking.find_faults()) == []


def test_the_same_draft_is_published_once(admin):
    template = a_template()
    assert templates.publish(template, by=admin).number == 1
    changed(template, admin, has_book=True)
    assert templates.publish(template, by=admin).number == 2
    assert list(TemplateVersion.objects.values_list("number", flat=True)) == [1, 2]
    template.refresh_from_db()
    assert template.newest_version().design["has_book"] is True


def test_two_who_write_at_once_do_not_overwrite_each_other(admin):
    template = a_template()
    changed(template, admin, has_book=True)
    assert code_of(changed, template, admin) == "template.changed_meanwhile"


def test_the_kind_stays_once_it_was_published(admin):
    said = {"name": "Otro", "kind": "constancia", "design": a_design(), "seen": 1, "by": admin}
    assert code_of(templates.change, a_template(), **said) == "template.kind_stays"
    assert templates.change(a_template(is_published=False), **said).kind == "constancia"


def test_a_draft_may_be_thrown_away_and_what_was_published_not(admin):
    published, draft = a_template(), a_template(is_published=False)
    assert code_of(templates.remove, published, by=admin) == "template.published"
    templates.remove(draft, by=admin)
    assert list(CertificateTemplate.objects.all()) == [published]
    with pytest.raises(IntegrityError), transaction.atomic():
        published.delete()


def test_names_are_their_own(admin):
    taken = a_template(name="La de siempre")
    said = {"kind": "diploma", "design": a_design(), "by": admin}
    assert code_of(templates.make, name="La de siempre", **said) == "template.name_taken"
    assert code_of(templates.make, name=" ", **said) == "template.unnamed"
    assert code_of(templates.make, name="x", **said | {"kind": ""}) == "template.unnamed"
    assert code_of(templates.make, name="x" * 81, **said) == "template.too_long"
    assert changed(taken, admin).name == "La de siempre"


def test_the_trail_tells_who_published(admin):
    template = a_template(is_published=False)
    templates.publish(template, by=admin)
    event = AuditEvent.objects.get(action="certificate_template.published")
    assert event.subject == f"certificates.CertificateTemplate:{template.public_id}"
    assert event.facts == {"title": template.name, "version": 1}
    assert AuditEvent.objects.filter(action="certificate_template.made").exists()


# What a design may say


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("body", "{nombre.__class__}", "template.unknown_field"),
        ("body", "{dpi}", "template.unknown_field"),
        ("body", "{}", "template.unknown_field"),
        ("body", "Doy { fe", "template.unknown_field"),
        ("title", "}", "template.unknown_field"),
        ("check", "Verifique en la página", "template.no_address"),
        ("title", "T" * 61, "template.too_long"),
        ("title", "Diploma\u202e", "template.strange_letter"),
        ("title", "Diploma\u0007", "template.strange_letter"),
        ("title", "Dos\nlíneas", "template.strange_letter"),
        ("body", "x\n" * 9, "template.too_many_lines"),
    ],
)
def test_texts_that_no_paper_may_say(key, text, code):
    assert code_of(designs.check, a_design(texts={key: text})) == code
    assert code_of(designs.check_text, key, text) == code


@pytest.mark.parametrize("text", ["<b>Diploma", '<img src="x">', "Kꞌicheʼ ẍ", "{{nombre}}"[1:-1], ""])
def test_texts_that_it_may(text):
    designs.check(a_design(texts={"title": text, "body": f"{text}\n{{horas}}"}))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"paper": "A3"}, "template.paper"),
        ({"year_style": "roman"}, "template.year_style"),
        ({"language": "xx"}, "template.language"),
        ({"language": "sgn-gt"}, "template.language"),
        ({"logos": [{"sha256": "0" * 64, "alt": "x"}]}, "template.picture_lost"),
        ({"logos": [{"sha256": "0" * 64, "alt": " "}]}, "template.logo_without_words"),
        ({"logos": [{"sha256": "0" * 64, "alt": "x"}] * 5}, "template.too_many_logos"),
        ({"signatories": [{"name": "x", "role": "", "sha256": ""}]}, "template.signatory_without_role"),
        ({"signatories": [{"name": "x", "role": "x", "sha256": ""}] * 4}, "template.too_many_signatories"),
        ({"signatories": [{"name": "x" * 300, "role": "x", "sha256": ""}]}, "template.too_long"),
    ],
)
def test_designs_that_there_may_not_be(said, code):
    assert code_of(designs.check, a_design() | said) == code


def test_nothing_is_made_of_a_wrong_design(admin):
    wrong = a_design(texts={"body": "{dpi}"})
    assert code_of(templates.make, name="x", kind="diploma", design=wrong, by=admin) == "template.unknown_field"
    assert code_of(changed, a_template(), admin, texts={"body": "{dpi}"}) == "template.unknown_field"


def test_every_language_of_the_country_may_be_written():
    tags = [tag for tag, _name in designs.languages()]
    assert tags[:3] == ["es", "en", "quc"]
    assert len(tags) == len(set(tags))
    assert not [tag for tag in tags if tag.startswith("sgn")]


# Pictures


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "1", "P", "LA"])
def test_a_picture_is_drawn_anew(mode):
    made = pictures.redraw(a_file(mode=mode))
    with Image.open(io.BytesIO(made)) as image:
        assert (image.format, image.size) == ("PNG", (480, 240))
        assert image.mode in {"P", "L"}
        assert not image.has_transparency_data
        assert set(image.info) <= {"srgb"}
    assert len(made) <= pictures.MOST_KEPT
    assert pictures.keep(made) == pictures.keep(made)
    assert TemplatePicture.objects.count() == 1


def test_what_shines_through_lies_on_white():
    with Image.open(io.BytesIO(pictures.redraw(a_file()))) as image:
        assert image.convert("RGB").getpixel((240, 60)) == (255, 255, 255)


def test_a_print_shop_s_colours_become_those_of_screens():
    with Image.open(io.BytesIO(pictures.redraw(a_file(mode="CMYK", kind="JPEG")))) as image:
        assert image.mode == "P"


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_a_picture_of_few_colours(count):
    brought = io.BytesIO()
    drawn = Image.new("RGB", (300, 300))
    for number in range(count):
        drawn.paste((number * 9, 40, 90), (0, number * 15, 300, 300))
    drawn.save(brought, "PNG")
    brought.seek(0)
    made = pictures.redraw(brought)
    with Image.open(io.BytesIO(made)) as image:
        assert (image.mode, image.size) == ("P", (240, 240))
        corner = image.convert("RGB").getpixel((239, 239))
    design = a_design() | {"logos": [{"sha256": pictures.digest_of(made), "alt": "x"}]}
    drawn = samples.build("diploma", templates.facts_of(CertificateTemplate(kind="diploma"), design, 0))
    content = render_sample(drawn, {pictures.digest_of(made): made})
    assert faults(content) == []
    with pikepdf.open(io.BytesIO(content)) as pdf:
        (shown,) = pdf.pages[0].Resources.XObject.values()
        assert pikepdf.PdfImage(shown).as_pil_image().convert("RGB").getpixel((239, 239)) == corner


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_heaviest_pictures_leave_a_paper_light_enough_to_be_compared(mode):
    """Seven of noise, which nothing packs: whoever is not signed in may send 256 KB."""
    digests = []
    for number in range(7):
        noise = Image.effect_noise((1600, 480), 90 + number)
        brought = io.BytesIO()
        Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180))).convert(mode).save(brought, "PNG")
        brought.seek(0)
        made = pictures.redraw(brought)
        assert len(made) <= pictures.MOST_KEPT
        digests.append(pictures.keep(made))
    logos = [{"sha256": digest, "alt": "x"} for digest in digests[:4]]
    who = [{"name": "x", "role": "x", "sha256": digest} for digest in digests[4:]]
    by = somebody_with_role("administrator")
    template = templates.make(
        name="Pesada", kind="diploma", design=a_design() | {"logos": logos, "signatories": who}, by=by
    )
    templates.publish(template, by=by)
    templates.use(template, is_default=True, course_keys=[], by=by)
    assert rendering.ensure_file(a_certificate()).bytes < 250_000


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (SVG, "picture.wrong_kind"),
        (b"", "picture.wrong_kind"),
        (b"%PDF-1.7", "picture.wrong_kind"),
        (a_file(kind="GIF", mode="P").read(), "picture.wrong_kind"),
        (a_file(kind="WEBP").read(), "picture.wrong_kind"),
        (a_file().read()[:400], "picture.unreadable"),
        (b"\x89PNG" + b"x" * pictures.MOST_BYTES, "picture.too_heavy"),
    ],
    ids=["svg", "empty", "pdf", "gif", "webp", "half", "heavy"],
)
def test_other_files_are_refused(content, code):
    assert code_of(pictures.redraw, io.BytesIO(content)) == code


@pytest.mark.parametrize("side", [4_000, 20_000])
def test_a_bomb_is_refused(side):
    """A few kilobytes that would be many megabytes, unpacked."""
    brought = io.BytesIO()
    Image.new("1", (side, side)).save(brought, "PNG", optimize=True)
    brought.seek(0)
    assert code_of(pictures.redraw, brought) == "picture.too_big"


def test_a_moving_picture_is_refused():
    brought = io.BytesIO()
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(brought, "PNG", save_all=True, append_images=frames[1:])
    brought.seek(0)
    assert code_of(pictures.redraw, brought) == "picture.moves"


def test_a_picture_with_other_bytes_is_named():
    digest = a_picture()
    assert list(pictures.find_faults()) == []
    TemplatePicture.objects.create(sha256="0" * 64, content=b"x")
    assert list(checking.find_faults()) == [f"picture {'0' * 12}: its bytes are others"]
    assert digest[:12] not in "0" * 12


# Samples


@pytest.mark.parametrize("kind", ["constancia", "diploma", "competencia"])
def test_a_sample_is_nobody_s(kind):
    facts = templates.facts_of(CertificateTemplate(kind=kind), a_design(), 0)
    drawn = samples.build(kind, facts, is_long=True)
    assert (drawn.pk, drawn.person_id) == (None, None)
    assert all(letter in drawn.person_name for letter in "ꞌʼẍ")
    assert issuing.Certificate.objects.count() == 0


def test_a_name_that_is_taken_this_very_moment(admin, monkeypatch):
    a_template(name="Doble")
    monkeypatch.setattr(templates, "_check_name", lambda *args: None)
    said = {"name": "Doble", "kind": "diploma", "design": a_design(), "by": admin}
    assert code_of(templates.make, **said) == "template.name_taken"
    assert code_of(templates.change, a_template(), seen=1, **said) == "template.name_taken"
