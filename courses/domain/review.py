"""ANAM's review: pages that wait for somebody's look before they are published, and who is told of it (decision 0036).

Wagtail's workflow does the work. Here is where it holds: the catalogue, the toolbox, both or neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Page, TaskState, Workflow, WorkflowPage, WorkflowState, WorkflowTask

from courses.domain import notices
from courses.models import CatalogueIndexPage, ReviewTask, ToolIndexPage
from courses.models.reach import REVIEW, reviews
from lms import permissions
from lms.domain import audit, job_words, jobs
from lms.domain.errors import RuleBroken
from lms.models import Person, RoleGrant

KIND = "courses.review_notice"
NAME = "Revisión de ANAM"
TREES: tuple[type[Page], ...] = (CatalogueIndexPage, ToolIndexPage)
SUBMITTED, APPROVED, RETURNED = "submitted", "approved", "returned"


@dataclass(frozen=True)
class Tree:
    """A tree of pages, and whether what is written in it is reviewed."""

    page: Page
    is_reviewed: bool


def trees() -> list[Tree]:
    """The catalogue and the toolbox."""
    under_review = set(WorkflowPage.objects.filter(workflow__active=True).values_list("page", flat=True))
    return [Tree(page, page.pk in under_review) for model in TREES for page in model.objects.all()[:1]]


def ensure_workflow() -> Workflow:
    """The one workflow there is, with its one step."""
    task, _made = ReviewTask.objects.get_or_create(name=NAME)
    workflow, _made = Workflow.objects.get_or_create(name=NAME)
    WorkflowTask.objects.get_or_create(workflow=workflow, task=task)
    if not (task.active and workflow.active):
        ReviewTask.objects.filter(pk=task.pk).update(active=True)
        Workflow.objects.filter(pk=workflow.pk).update(active=True)
        workflow.active = True
    return workflow


@transaction.atomic
def begin(page: Page, *, by: Person) -> None:
    """From now on what is written in a tree is reviewed before it is published. What is live stays live.

    Raises `review.not_allowed` and `review.not_a_tree`.
    """
    _assert_may_turn(page, by)
    _link, made = WorkflowPage.objects.update_or_create(page_id=page.pk, defaults={"workflow": ensure_workflow()})
    if made:
        audit.record("review.begun", by=by, facts={"title": page.title})


@transaction.atomic
def end(page: Page, *, by: Person) -> None:
    """Whoever writes in a tree publishes again. What waits may be approved still, or taken back by its writer.

    Raises as `begin`.
    """
    _assert_may_turn(page, by)
    found, _each = WorkflowPage.objects.filter(page_id=page.pk).delete()
    if found:
        audit.record("review.ended", by=by, facts={"title": page.title})


def _assert_may_turn(page: Page, by: Person) -> None:
    if not reviews(by):
        raise RuleBroken("review.not_allowed", _("Esto lo decide quien puede revisar los cursos."))
    if not isinstance(page.specific, TREES):
        raise RuleBroken("review.not_a_tree", _("Elija los cursos o las herramientas."))


def waiting() -> QuerySet[TaskState]:
    """What was handed in and nobody has looked at yet, the oldest first."""
    asked = TaskState.objects.filter(status=TaskState.STATUS_IN_PROGRESS, task__in=ReviewTask.objects.all())
    told = asked.select_related("revision", "workflow_state__requested_by").order_by("started_at", "pk")
    return told.prefetch_related("revision__content_object")


def waiting_count(person: Person) -> int:
    """How many wait for somebody."""
    return waiting().count() if reviews(person) else 0


# Who is told ------------------------------------------------------------------------------------------------------


def note_submitted(state: TaskState, *, by: Person | None) -> None:
    """A page was handed in: whoever reviews and has an address is written to."""
    if not isinstance(state.task.specific, ReviewTask):
        return
    held = RoleGrant.objects.in_force().filter(role__in=permissions.policy()["actions"][REVIEW])
    reviewers = Person.objects.active().standing().filter(pk__in=held.values("person"))
    _tell(reviewers.exclude(pk=by.pk if by else None), SUBMITTED, state.workflow_state, state.pk)


def note_decided(state: WorkflowState, *, by: Person | None) -> None:
    """A page was approved or sent back: whoever handed it in is written to."""
    said = APPROVED if state.status == WorkflowState.STATUS_APPROVED else RETURNED
    asked = Person.objects.active().standing().filter(pk=state.requested_by_id)
    _tell(asked.exclude(pk=by.pk if by else None), said, state, state.current_task_state_id)


def _tell(people: QuerySet[Person], said: str, state: WorkflowState, step: int) -> None:
    for person in people.filter(is_demo=False).exclude(email=None).exclude(email=""):
        jobs.request(KIND, f"{said}/{state.pk}/{step}/{person.public_id}", max_attempts=notices.TRIES)


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """The titles of the pages."""
    keys = {subject: int(subject.split("/")[1]) for subject in subjects}
    states = WorkflowState.objects.filter(pk__in=keys.values()).prefetch_related("content_object")
    titles = {state.pk: str(state.content_object) for state in states if state.content_object}
    return {subject: titles.get(key, "") for subject, key in keys.items()}


@jobs.performs(KIND)
def send(claim: jobs.Claim) -> None:
    """One message to one person; for a page that is gone none."""
    said, key, step, person_key = claim.job.subject.split("/")
    state = WorkflowState.objects.filter(pk=key).first()
    person = Person.objects.active().filter(public_id=person_key).select_related("language").first()
    page = state.content_object if state else None
    if person is None or page is None:
        return
    decided = TaskState.objects.filter(pk=step).first()
    comment = decided.comment if decided and said != SUBMITTED else ""
    notices.send(claim, person, lambda: _notice(said, page, comment))


def _notice(said: str, page: Page, comment: str) -> notices.Notice:
    words = {
        SUBMITTED: _("«%(title)s» espera su revisión"),
        APPROVED: _("«%(title)s» fue aprobada"),
        RETURNED: _("«%(title)s» necesita cambios"),
    }[said] % {"title": page.get_admin_display_title()}
    lines = [f"{words}.", *(["", _("Le escribieron:"), comment] if comment else [])]
    return notices.Notice(words, lines, words, reverse("wagtailadmin_pages:edit", args=[page.pk]))
