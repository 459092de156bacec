"""Plantillas under /cms/: who comes in, what the form keeps, and the sample beside it."""

import io

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from certificates.domain import templates
from certificates.models import CertificateTemplate, TemplatePicture, TemplateVersion
from tests.certificates.test_archivable import faults
from tests.factories.certificates import a_certificate
from tests.factories.courses import a_course
from tests.factories.people import a_person, somebody_with_role
from tests.factories.templates import a_file, a_template

pytestmark = pytest.mark.django_db
HOME = "certificates_templates:"


@pytest.fixture
def office(client):
    client.person = somebody_with_role("administrator")
    client.force_login(client.person)
    return client


def sent(**said) -> dict:
    """A form as it is sent when little was written; `said` as the fields are called."""
    plain = {
        "name": "Diploma de la red",
        "kind": "diploma",
        "paper": "portrait",
        "language": "es",
        "year_style": "plain",
    }
    return plain | said


def address(name: str, template: CertificateTemplate | None = None) -> str:
    return reverse(HOME + name, args=[template.public_id] if template else [])


def a_png(**how) -> SimpleUploadedFile:
    return SimpleUploadedFile("logo.png", a_file(**how).read(), "image/png")


def text_of(response) -> str:
    assert response["Content-Type"] == "application/pdf"
    return pypdf.PdfReader(io.BytesIO(response.content)).pages[0].extract_text()


ADDRESSES = ["index", "add", "new_sample", "edit", "publish", "use", "remove", "sample"]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "make", [a_person, lambda: somebody_with_role("trainer"), lambda: somebody_with_role("certifier")]
)
def test_others_stay_out(client, name, make):
    template = None if name in {"index", "add", "new_sample"} else a_template(is_published=False)
    client.force_login(make())
    for ask in (client.get, client.post):
        assert ask(address(name, template)).status_code in {302, 403, 404, 405}
    assert TemplateVersion.objects.count() == 0
    assert CertificateTemplate.objects.count() == (1 if template else 0)
    assert "Plantillas" not in client.get("/cms/").content.decode()


def test_it_is_written_seen_published_and_used(office):
    course = a_course(title="Agua limpia")
    body = "Duró {horas}.\r\nObtuvo {nota} puntos."
    fields = sent(
        text_title="Reconocimiento", text_body=body, logo_0_file=a_png(), logo_0_alt="ANAM",
        signatory_0_role="Presidencia", signatory_0_file=a_png(ink=200), has_book="on",
    )  # fmt: skip
    answer = office.post(address("add"), fields)
    template = CertificateTemplate.objects.get()
    assert answer.url == address("edit", template)
    assert template.draft["texts"] == {"title": "Reconocimiento", "body": "Duró {horas}.\nObtuvo {nota} puntos."}
    assert [logo["alt"] for logo in template.draft["logos"]] == ["ANAM"]
    assert template.draft["signatories"][0]["role"] == "Presidencia"
    assert TemplatePicture.objects.count() == 2
    assert "Plantillas" in office.get("/cms/").content.decode()
    page = office.get(answer.url).content.decode()
    assert "nada se emite con él" in page
    assert 'value="Reconocimiento"' in page

    seen = office.get(address("sample", template))
    assert "Reconocimiento" in text_of(seen)
    assert "MUESTRA" in text_of(seen)
    office.post(address("publish", template))
    assert office.post(address("use", template), {"courses": [course.pk]}).status_code == 302
    issued = a_certificate(course=course)
    assert issued.facts["design"]["texts"]["title"] == ["Reconocimiento", "es"]
    assert "1 curso la eligió" in office.get(address("index")).content.decode()
    assert "checked" in office.get(address("use", template)).content.decode()


def kept_fields(template: CertificateTemplate, **said) -> dict:
    """The form as the page sends it back when nothing was touched."""
    fields = {f"text_{key}": text for key, text in template.draft["texts"].items()}
    for number, logo in enumerate(template.draft["logos"]):
        fields |= {f"logo_{number}_kept": logo["sha256"], f"logo_{number}_alt": logo["alt"]}
    return sent(name=template.name, seen=template.draft_number, **fields) | said


def test_pictures_stay_until_they_are_dropped(office):
    template = a_template(logos=2)
    first, second = template.draft["logos"]
    office.post(address("edit", template), kept_fields(template))
    template.refresh_from_db()
    assert template.draft["logos"] == [first, second]
    office.post(address("edit", template), kept_fields(template, logo_0_drop="on"))
    template.refresh_from_db()
    assert template.draft["logos"] == [second]
    assert template.newest_version().design["logos"] == [first, second]


def test_saving_may_publish_at_once(office):
    template = a_template()
    office.post(address("edit", template), kept_fields(template, publish="1", text_title="Nuevo"))
    assert [version.design["texts"] for version in template.versions.all()] == [{}, {"title": "Nuevo"}]


def test_what_was_written_meanwhile_is_not_overwritten(office):
    template = a_template()
    stale = kept_fields(template)
    office.post(address("edit", template), kept_fields(template, text_title="Primero"))
    answer = office.post(address("edit", template), stale | {"text_title": "Segundo"})
    assert answer.status_code == 422
    assert "Otra persona cambió" in answer.content.decode()
    template.refresh_from_db()
    assert template.draft["texts"] == {"title": "Primero"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"text_body": "{dpi}"}, "«{dpi}» no es un dato del certificado"),
        ({"text_body": "{nombre.__class__}"}, "no es un dato del certificado"),
        ({"text_title": "x" * 300}, "60 caracteres"),
        ({"text_title": "Diploma\u202e"}, "no se puede imprimir"),
        ({"text_check": "En la página"}, "{direccion}"),
        ({"logo_0_file": SimpleUploadedFile("x.svg", b"<svg/>", "image/svg+xml")}, "PNG o JPG"),
        ({"logo_0_kept": "0" * 64, "logo_0_alt": "x"}, "Una imagen ya no está"),
        ({"logo_0_kept": "../../x", "logo_0_alt": "x"}, "Una imagen ya no está"),
        ({"signatory_0_name": "Ana"}, "Escriba el cargo"),
        ({"paper": "A3"}, "A3"),
        ({"name": ""}, "Este campo es necesario"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_is_kept(office, said, told):
    answer = office.post(address("add"), sent(**said))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert (CertificateTemplate.objects.count(), TemplatePicture.objects.count()) == (0, 0)
    if "name" not in said:
        seen = office.post(address("new_sample"), sent(**said))
        assert (seen.status_code, seen["X-Frame-Options"]) == (422, "SAMEORIGIN")
        assert told in seen.content.decode()


def test_a_logo_needs_its_words(office):
    answer = office.post(address("add"), sent(logo_0_file=a_png()))
    assert "así se le lee a quien no ve" in answer.content.decode()
    assert "Elija de nuevo las imágenes" in answer.content.decode()


def test_hostile_texts_are_escaped_on_the_page(office):
    template = a_template(texts={"title": "<script>alert(1)</script>"}, name='"><img src=x onerror=alert(1)>')
    for name in ("edit", "use"):
        page = office.get(address(name, template)).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
    assert "<img src=x" not in office.get(address("index")).content.decode()


def test_the_sample_shows_what_is_in_the_form_and_keeps_nothing(office):
    template = a_template(texts={"title": "Guardado"})
    fields = kept_fields(template, text_title="Escrito", logo_0_file=a_png(ink=9), logo_0_alt="Nuevo", name="")
    seen = office.post(address("sample", template), fields)
    assert "Escrito" in text_of(seen)
    assert faults(seen.content) == []
    assert seen["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in seen["Cache-Control"]
    template.refresh_from_db()
    assert template.draft["texts"] == {"title": "Guardado"}
    assert TemplatePicture.objects.count() == 0
    assert "Guardado" in text_of(office.get(address("sample", template)))


@pytest.mark.parametrize("ask", ["get", "post"])
def test_the_sample_with_a_long_name(office, ask):
    short = getattr(office, ask)(address("new_sample"), sent())
    long = getattr(office, ask)(address("new_sample"), sent(largo="1"))
    assert "Hermenegildo" not in text_of(short)
    assert "Hermenegildo" in text_of(long)
    assert "ꞌ" in text_of(long)


def test_the_sample_is_of_the_kind_in_the_form(office):
    assert "Certificación" in text_of(office.post(address("new_sample"), sent(kind="competencia")))
    assert "sobre 100" not in text_of(office.post(address("new_sample"), sent(kind="constancia")))


def test_the_form_offers_our_words_in_the_language(office):
    answer = office.post(address("add"), sent(language="en", name="", kind="constancia"))
    assert 'placeholder="Certificate of attendance"' in answer.content.decode()
    assert 'placeholder="Diploma"' in office.get(address("add")).content.decode()


def test_courses_of_another_kind_are_not_offered(office):
    template = a_template()
    a_course(title="Curso con constancia", certificate_kind="constancia")
    fitting = a_course(title="Curso con diploma")
    page = office.get(address("use", template)).content.decode()
    assert "Curso con diploma" in page
    assert "Curso con constancia" not in page
    draft = a_template(is_published=False)
    answer = office.post(address("use", draft), {"courses": [fitting.pk], "is_default": "on"})
    assert answer.status_code == 422
    assert "Publique la plantilla primero" in answer.content.decode()


def test_a_draft_is_thrown_away_and_what_was_published_stays(office):
    draft, published = a_template(is_published=False), a_template()
    for template in (draft, published):
        assert office.post(address("remove", template)).status_code == 302
    assert list(CertificateTemplate.objects.all()) == [published]
    assert "Quitar este borrador" not in office.get(address("edit", published)).content.decode()


def test_kinds_without_a_default_are_told(office):
    a_template(is_default=True)
    page = office.get(address("index")).content.decode()
    assert "Sin plantilla predeterminada: Constancia de participación, Certificación de competencia." in page


def test_the_list_asks_the_same_however_many_there_are(office, django_assert_max_num_queries):
    for _number in range(2):
        a_template()
    office.get(address("index"))
    with django_assert_max_num_queries(60) as few:
        office.get(address("index"))
    for _number in range(5):
        a_template()
    with django_assert_max_num_queries(len(few)):
        office.get(address("index"))


def test_a_broken_draft_cannot_be_published(office):
    """The row of its picture is not there, say after half a restore."""
    template = a_template(is_published=False)
    CertificateTemplate.objects.filter(pk=template.pk).update(
        draft=template.draft | {"logos": [{"sha256": "0" * 64, "alt": "x"}]}
    )
    answer = office.post(address("publish", template), follow=True)
    assert "Una imagen ya no está" in answer.content.decode()
    assert template.newest_version() is None
    assert templates.CertificateTemplate.objects.published().count() == 0
