"""What this app does when something happened elsewhere: one line each, idempotent."""

from django.db.models.signals import post_delete, post_save, pre_save
from wagtail import hooks
from wagtail.models import PageViewRestriction, Site, TaskState, WorkflowState
from wagtail.signals import (
    page_published,
    page_unpublished,
    post_page_move,
    task_submitted,
    workflow_approved,
    workflow_rejected,
    workflow_submitted,
)

from courses.domain import (
    activities,
    copying,
    editions,
    enrolment,
    recutting,
    retention,
    review,
    seats,
    settling,
    weighing,
)
from courses.models import CoursePage, Enrolment, LessonPage, Term
from lms.domain import kept
from media.domain import curves, viewers
from media.models import Video
from media.signals import video_recut


def keep_lesson_in_step(sender, instance: LessonPage, **kwargs) -> None:
    """A lesson was published."""
    activities.sync_lesson(instance)
    weighing.weigh(instance)


def retire_lesson(sender, instance: LessonPage, **kwargs) -> None:
    """A lesson was taken back, or is being deleted."""
    activities.retire_lesson(instance)


def keep_course_in_step(sender, instance: CoursePage, **kwargs) -> None:
    """A course was published."""
    activities.sync_course(instance)
    seats.fill_course(instance.translation_key)


def keep_edition(sender, instance: CoursePage, update_fields=None, raw=False, **kwargs) -> None:
    """A course is about to be saved, in the transaction that saves it: what ends by that still stands there."""
    if not raw and (update_fields is None or {"edition", "live"} & set(update_fields)):
        editions.note_end(instance)


def retire_course(sender, instance: CoursePage, **kwargs) -> None:
    """A course was taken back, or is being deleted."""
    activities.retire_course(instance)


def keep_moved_lesson_in_step(sender, instance, parent_page_before, **kwargs) -> None:
    """A lesson was put in another place, perhaps of another course."""
    if isinstance(lesson := instance.specific, LessonPage):
        activities.sync_lesson(lesson)
        activities.order_course(parent_page_before)


def note_visit(page, request, serve_args, serve_kwargs) -> None:
    """Somebody opened a lesson: remember where they are, and count what suffices by now."""
    if isinstance(page, LessonPage) and request.user.is_authenticated:
        enrolment.note_visit(person=request.user, lesson=page)
        mine = Enrolment.objects.for_person(request.user).values("pk")
        settling.settle(enrolments=mine, lesson_key=page.translation_key)


def carry_rule(request, page, new_page) -> None:
    """A page was copied in the back-office."""
    if isinstance(source := page.specific, CoursePage):
        copying.carry_rule(source, new_page.specific, by=request.user)


def move_watching(sender, video: Video, **kwargs) -> None:
    """A video took another cut."""
    recutting.request(video)


def tell_reviewers(sender, instance: TaskState, user=None, **kwargs) -> None:
    """A page was handed in."""
    review.note_submitted(instance, by=user)


def tell_writer(sender, instance: WorkflowState, user=None, **kwargs) -> None:
    """A page was approved or sent back."""
    review.note_decided(instance, by=user)


def tell_nobody(sender, **kwargs) -> None:
    """Reviewers are told by `tell_reviewers`."""


# In the place of Wagtail's notifiers, under their names: those send within the request, which may have to wait.
NOTIFIERS = (
    (task_submitted, TaskState, tell_reviewers, "group_approval_task_submitted_email_notification"),
    (workflow_submitted, WorkflowState, tell_nobody, "workflow_state_submitted_email_notification"),
    (workflow_rejected, WorkflowState, tell_writer, "workflow_state_rejected_email_notification"),
    (workflow_approved, WorkflowState, tell_writer, "workflow_state_approved_email_notification"),
)


def forget_kept(sender, **kwargs) -> None:
    """What pages say may be another now."""
    kept.forget()


def connect() -> None:
    """Called once, when the apps are ready."""
    for signal, sender, receiver, name in NOTIFIERS:
        signal.disconnect(sender=sender, dispatch_uid=name)
        signal.connect(receiver, sender=sender, dispatch_uid=name)
    page_published.connect(keep_lesson_in_step, sender=LessonPage, dispatch_uid="courses.lesson")
    page_published.connect(keep_course_in_step, sender=CoursePage, dispatch_uid="courses.course")
    pre_save.connect(keep_edition, sender=CoursePage, dispatch_uid="courses.edition")
    page_unpublished.connect(retire_lesson, sender=LessonPage, dispatch_uid="courses.lesson")
    page_unpublished.connect(retire_course, sender=CoursePage, dispatch_uid="courses.course")
    post_page_move.connect(keep_moved_lesson_in_step, dispatch_uid="courses.lesson")
    # After those above, or pages would be kept that show half of it.
    for signal in (page_published, page_unpublished, post_page_move):
        signal.connect(forget_kept, dispatch_uid="courses.kept")
    for signal in (post_save, post_delete):
        for model in (PageViewRestriction, Site, Term):
            signal.connect(forget_kept, sender=model, dispatch_uid="courses.kept")
    video_recut.connect(move_watching, dispatch_uid="courses.video")
    video_recut.connect(forget_kept, dispatch_uid="courses.kept")
    viewers.register(recutting.in_the_middle)
    curves.register(retention.curves_of)
    hooks.register("before_serve_page", note_visit)
    hooks.register("after_copy_page", carry_rule)
