"""Plantillas: the templates of certificates in the back-office, with a sample of the real PDF beside the form."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from wagtail.admin import messages

from certificates.domain import designs, samples, templates
from certificates.models import CertificateTemplate
from certificates.pdf import render_sample, wording
from certificates.template_forms import TemplateForm, UseForm
from lms.domain.errors import RuleBroken
from lms.permissions import needs

DESIGN = "design_certificates"


def _frame(title: str, subtitle: str = "") -> dict[str, Any]:
    """Where a page of the templates stands."""
    home = _("Plantillas")
    crumbs = [{"url": reverse("certificates_templates:index"), "label": home}] if title != home else []
    return {
        "page_title": title,
        "header_title": title,
        "page_subtitle": subtitle,
        "header_icon": "doc-full",
        "breadcrumbs_items": [*crumbs, {"url": "", "label": title}],
    }


def _template_or_404(public_id: UUID) -> CertificateTemplate:
    return get_object_or_404(CertificateTemplate, public_id=public_id)


@needs(DESIGN)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All of them, with what stands for each kind."""
    found = CertificateTemplate.objects.annotate(newest=Max("versions__number"), courses=Count("uses", distinct=True))
    kinds = CertificateTemplate._meta.get_field("kind").flatchoices
    held = {template.kind for template in found if template.is_default}
    without = [label for kind, label in kinds if kind not in held]
    context = {"templates": found, "without": without} | _frame(_("Plantillas"))
    return render(request, "wagtailadmin/certificates/templates.html", context)


@needs(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new one."""
    form = _form(request)
    if request.method == "POST" and form.is_valid() and (made := _saved(request, form)):
        messages.success(request, _("El borrador se guardó. Publíquelo para emitir con él."))
        return redirect("certificates_templates:edit", made.public_id)
    return _written(request, form, _("Nueva plantilla"))


@needs(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Its draft."""
    form = _form(request, _template_or_404(public_id))
    if request.method == "POST" and form.is_valid() and (changed := _saved(request, form)):
        if "publish" in request.POST:
            return _published(request, changed)
        messages.success(
            request, _("El borrador se guardó. Los certificados siguen saliendo con la versión publicada.")
        )
        return redirect("certificates_templates:edit", public_id)
    return _written(request, form, _("Cambiar plantilla"))


def _form(request: HttpRequest, template: CertificateTemplate | None = None) -> TemplateForm:
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    return TemplateForm(*sent, template=template)


def _saved(request: HttpRequest, form: TemplateForm) -> CertificateTemplate | None:
    said = {"name": form.cleaned_data["name"].strip(), "kind": form.cleaned_data["kind"], "design": form.design}
    said |= {"by": request.user, "brought": form.brought.values()}
    try:
        if form.template is None:
            return templates.make(**said)
        return templates.change(form.template, seen=form.cleaned_data["seen"] or 0, **said)
    except RuleBroken as broken:
        form.add_broken(broken)
        return None


def _written(request: HttpRequest, form: TemplateForm, title: str) -> HttpResponse:
    template = form.template
    newest = template.newest_version() if template else None
    context = {
        "form": form,
        "template": template,
        "newest": newest,
        "has_news": template and not (newest and newest.design == template.draft),
        "versions": template.versions.order_by("-number") if template else [],
        "fields": wording.FIELDS,
        "sample": _sample_address(template),
        "loses_files": request.method == "POST" and bool(form.brought),
    } | _frame(title, template.name if template else "")
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/certificates/template_edit.html", context, status=status)


def _sample_address(template: CertificateTemplate | None) -> str:
    if template is None:
        return reverse("certificates_templates:new_sample")
    return reverse("certificates_templates:sample", args=[template.public_id])


@needs(DESIGN)
@require_POST
def publish(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """From now on certificates are issued with the draft."""
    return _published(request, _template_or_404(public_id))


def _published(request: HttpRequest, template: CertificateTemplate) -> HttpResponse:
    try:
        version = templates.publish(template, by=request.user)
        said = _("Se publicó la versión %(number)d. Lo que ya se emitió queda como se emitió.")
        messages.success(request, said % {"number": version.number})
    except RuleBroken as broken:
        messages.error(request, broken.message)
    return redirect("certificates_templates:edit", template.public_id)


@needs(DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def use(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Where it is used."""
    template = _template_or_404(public_id)
    form = UseForm(request.POST if request.method == "POST" else None, template=template)
    if request.method == "POST" and form.is_valid():
        keys = [course.translation_key for course in form.cleaned_data["courses"]]
        try:
            templates.use(template, is_default=form.cleaned_data["is_default"], course_keys=keys, by=request.user)
            messages.success(request, _("Quedó anotado dónde se usa la plantilla."))
            return redirect("certificates_templates:index")
        except RuleBroken as broken:
            form.add_error(None, broken.message)
    context = {"form": form, "template": template} | _frame(_("Dónde se usa"), template.name)
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/certificates/template_use.html", context, status=status)


@needs(DESIGN)
@require_POST
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    try:
        templates.remove(_template_or_404(public_id), by=request.user)
        messages.success(request, _("La plantilla se quitó."))
    except RuleBroken as broken:
        messages.error(request, broken.message)
    return redirect("certificates_templates:index")


@needs(DESIGN)
@xframe_options_sameorigin
@require_http_methods(["GET", "HEAD", "POST"])
def sample(request: HttpRequest, public_id: UUID | None = None) -> HttpResponse:
    """The PDF of what is in the form, or else of what was saved; nothing is kept, not even its pictures.

    With `largo` it has the longest names that come.
    """
    template = _template_or_404(public_id) if public_id else CertificateTemplate(kind="diploma", draft=designs.empty())
    drawn, brought = template.draft, {}
    if request.method == "POST":
        form = TemplateForm(request.POST, request.FILES, template=template if public_id else None, to_see=True)
        if not form.is_valid():
            return render(request, "wagtailadmin/certificates/sample_faults.html", {"form": form}, status=422)
        drawn, brought, template.kind = form.design, form.brought, form.cleaned_data["kind"]
    is_long = "largo" in (request.POST if request.method == "POST" else request.GET)
    paper = samples.build(template.kind, templates.facts_of(template, drawn, 0), is_long=is_long)
    headers = {"Content-Disposition": 'inline; filename="muestra.pdf"', "Cache-Control": "private, no-store"}
    return HttpResponse(render_sample(paper, brought), content_type="application/pdf", headers=headers)
