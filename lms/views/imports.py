"""Importing staff: handing a list in, its columns, trying it out, taking it in."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lms import permissions
from lms.domain import imports, sheets
from lms.domain.errors import RuleBroken
from lms.domain.imports import faults, papers
from lms.forms.imports import ColumnsForm, ListForm
from lms.models import Job, Municipality, StaffImport
from lms.permissions import needs

ACTION = "import_staff"
LISTS, FAULTS = 20, 50
REFUSED = 422


def import_or_404(request: HttpRequest, public_id) -> StaffImport:
    """A list of the municipalities whose staff one imports."""
    return get_object_or_404(imports.visible_to(request.user), public_id=public_id)


@needs(ACTION)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Past lists, and the way to a new one."""
    page = Paginator(imports.visible_to(request.user), LISTS).get_page(request.GET.get("page"))
    return render(request, "lms/imports/index.html", {"page_obj": page})


@needs(ACTION)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Hand a list in."""
    places = permissions.municipalities_for(request.user, ACTION)
    nationwide = permissions.nationwide(request.user, ACTION)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ListForm(*data, places=places, nationwide=nationwide)
    if form.is_valid() and (taken := _take(request, form, None if nationwide else places.first())):
        return redirect("lms:import_columns", taken.public_id)
    return render(request, "lms/imports/new.html", {"form": form}, status=REFUSED if form.is_bound else 200)


def _take(request: HttpRequest, form: ListForm, own: Municipality | None) -> StaffImport | None:
    file, place = form.cleaned_data["file"], form.cleaned_data.get("municipality") or own
    try:
        # One byte more than may be is enough to see that it is too large.
        content = file.read(imports.files.MAX_BYTES + 1)
        return imports.take(file_name=file.name, content=content, municipality=place, by=request.user)
    except RuleBroken as broken:
        form.add_broken(broken)
        return None


@needs(ACTION)
@require_GET
def template_xlsx(request: HttpRequest) -> FileResponse:
    """The template as XLSX."""
    name = "plantilla-personal.xlsx"
    return FileResponse(papers.template_xlsx(), as_attachment=True, filename=name, content_type=sheets.XLSX)


@needs(ACTION)
@require_GET
def template_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The template as CSV."""
    return StreamingHttpResponse(
        papers.template_csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="plantilla-personal.csv"'},
    )


@needs(ACTION)
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, public_id) -> HttpResponse:
    """Say which column is which, then try the list out."""
    staff_import = import_or_404(request, public_id)
    if staff_import.state not in {StaffImport.State.MAPPING, StaffImport.State.CHECKED, StaffImport.State.CHECKING}:
        return redirect("lms:import_list", public_id)
    form = ColumnsForm(request.POST or None, headings=staff_import.columns, mapping=staff_import.mapping)
    if form.is_valid():
        try:
            imports.start_check(staff_import=staff_import, mapping=form.mapping(), by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            return redirect("lms:import_list", public_id)
    context = {"form": form, "staff_import": staff_import}
    return render(request, "lms/imports/columns.html", context, status=REFUSED if form.is_bound else 200)


@needs(ACTION)
@require_GET
def detail(request: HttpRequest, public_id) -> HttpResponse:
    """How a list stands: progress, what would happen or happened, what is wrong."""
    staff_import = import_or_404(request, public_id)
    job = imports.job_of(staff_import)
    failed = job is not None and job.state == Job.State.FAILED
    page = Paginator(staff_import.faults.all(), FAULTS).get_page(request.GET.get("page"))
    for fault in page:
        fault.message = faults.message(fault)
    context = {
        "staff_import": staff_import,
        "job": job,
        "failed": failed,
        "is_at_work": staff_import.is_at_work and not failed,
        "is_running": staff_import.state == StaffImport.State.RUNNING,
        "counts": staff_import.counts or staff_import.foreseen,
        "page_obj": page,
    }
    return render(request, "lms/imports/detail.html", context)


@needs(ACTION)
@require_POST
def run(request: HttpRequest, public_id) -> HttpResponse:
    """Take the good rows in."""
    staff_import = import_or_404(request, public_id)
    try:
        imports.start_run(staff_import=staff_import, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    return redirect("lms:import_list", public_id)


@needs(ACTION)
@require_POST
def cancel(request: HttpRequest, public_id) -> HttpResponse:
    """Stop, and let go of the file."""
    staff_import = import_or_404(request, public_id)
    try:
        imports.cancel(staff_import=staff_import, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect("lms:import_list", public_id)
    messages.success(request, _("La importación quedó cancelada y el archivo se borró. Lo que ya entró se queda."))
    return redirect("lms:import_index")


@needs(ACTION)
@require_GET
def faults_file(request: HttpRequest, public_id) -> FileResponse:
    """What is wrong, as XLSX."""
    staff_import = import_or_404(request, public_id)
    name = f"errores-{staff_import.created_at:%Y-%m-%d}.xlsx"
    return FileResponse(papers.faults_xlsx(staff_import), as_attachment=True, filename=name, content_type=sheets.XLSX)
