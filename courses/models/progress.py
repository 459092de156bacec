"""What a learner did: watched seconds, attempts, completed activities. Everything here only grows."""

import uuid
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses import questions
from courses.blocks import Stage
from courses.questions import translating
from courses.questions.grading import NEARLY
from media.models import Video

from .bank import QuestionVersion
from .enrolment import Enrolment
from .questions import Quiz
from .translations import LONGEST_CODE, QuestionTranslation


class ActivityQuerySet(models.QuerySet["Activity"]):
    """Sets of activities."""

    def current(self) -> "ActivityQuerySet":
        """Those that stand in a published lesson today."""
        return self.filter(retired_at=None)

    def required(self) -> "ActivityQuerySet":
        """Those that a course's completion asks for."""
        return self.current().filter(is_required=True)


class Activity(models.Model):
    """The stable identity of one thing to complete.

    Keyed by the lesson's translation key and the block's id, so that an edit or a translation of the lesson loses
    nobody's progress. Kept in step by `courses.domain.activities.sync` when a lesson is published; never deleted.
    """

    class Kind(models.TextChoices):
        """What there is to do."""

        VIDEO = "video", _("Video")
        QUIZ = "quiz", _("Cuestionario")
        READING = "reading", _("Lectura")
        ATTENDANCE = "attendance", _("Parte presencial")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    course_key = models.UUIDField(db_index=True)
    lesson_key = models.UUIDField()
    block_key = models.UUIDField(help_text="the block's id; for a reading, the lesson's translation key")
    kind = models.CharField(max_length=12, choices=Kind)
    title = models.CharField(max_length=255)
    video = models.ForeignKey(Video, models.PROTECT, null=True, blank=True, related_name="activities")
    quiz = models.ForeignKey(Quiz, models.PROTECT, null=True, blank=True, related_name="activities")
    stage = models.CharField(max_length=5, choices=Stage, blank=True, default=Stage.ORDINARY)
    is_required = models.BooleanField(default=True)
    required_since = models.DateTimeField(null=True, blank=True, help_text="empty: as long as there are people in it")
    hours = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True, help_text="held in person")
    min_percent = models.PositiveSmallIntegerField(null=True, blank=True, help_text="of the hours to attend")
    order = models.PositiveIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ActivityQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["lesson_key", "block_key"], name="activity_once_per_block"),
            models.CheckConstraint(
                condition=(
                    Q(kind="video", video__isnull=False, quiz=None)
                    | Q(kind="quiz", quiz__isnull=False, video=None)
                    | Q(kind__in=["reading", "attendance"], quiz=None, video=None)
                ),
                name="activity_has_what_its_kind_needs",
            ),
            models.CheckConstraint(
                # What is empty is neither more nor less than anything, so it is asked for by name.
                condition=~Q(kind="attendance")
                | Q(hours__isnull=False, hours__gt=0, min_percent__isnull=False, min_percent__range=(1, 100)),
                name="activity_held_in_person_has_hours",
            ),
            models.CheckConstraint(condition=Q(stage="") | Q(kind="quiz"), name="activity_with_a_stage_is_a_quiz"),
            models.CheckConstraint(
                condition=~Q(stage="entry") | Q(is_required=False), name="activity_of_entry_is_not_required"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_entry(self) -> bool:
        """Whether it only says where somebody stands before the course."""
        return self.stage == Stage.ENTRY

    @property
    def is_choice(self) -> bool:
        """Whether it is one of those from which a course may ask for some."""
        return not self.is_required and not self.is_entry


class ActivityCompletion(models.Model):
    """That an activity was completed, once and for good. `facts` say how (coverage, score, rule)."""

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="activity_completions")
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="completions")
    completed_at = models.DateTimeField(default=timezone.now)
    earned_at = models.DateTimeField(null=True, help_text="when it was done, where it arrived or was marked later")
    score_percent = models.PositiveSmallIntegerField(null=True)
    facts = models.JSONField(default=dict)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "activity"], name="activity_completion_once"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment} · {self.activity}"


class WatchSegment(models.Model):
    """A stretch that was played, as the client recorded it. Append-only.

    `client_id` and (device, session, sequence) are made by the client. `from_second`–`to_second` are positions in the
    video; `clock_from`–`clock_to` are seconds on the device's monotonic clock since the session was granted.
    """

    class Grade(models.TextChoices):
        """Whether the stretch counts."""

        CREDITED = "A", _("Cuenta")
        KEPT = "C", _("Guardado, no cuenta")

    client_id = models.UUIDField(unique=True)
    # One index for both, below. Each more is paid for by every page that tells every few seconds what was played.
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="watch_segments", db_index=False)
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="watch_segments", db_index=False)
    video = models.ForeignKey(Video, models.PROTECT, related_name="watch_segments")
    cut = models.PositiveIntegerField(default=1, help_text="of the video, on whose seconds it was played")
    device = models.UUIDField()
    session = models.UUIDField()
    sequence = models.PositiveIntegerField()
    from_second = models.FloatField()
    to_second = models.FloatField()
    clock_from = models.FloatField()
    clock_to = models.FloatField()
    rate = models.FloatField(default=1)
    is_visible = models.BooleanField(default=True)
    is_audio = models.BooleanField(default=False)
    is_offline = models.BooleanField(default=False)
    credited_clock = models.JSONField(
        default=list, help_text="[[from, to], …] in epoch seconds; empty unless it counts"
    )
    granted_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    grade = models.CharField(max_length=1, choices=Grade)
    reason = models.CharField(max_length=40, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["device", "session", "sequence"], name="watch_segment_sequence_once"),
            models.CheckConstraint(condition=Q(to_second__gt=F("from_second")), name="watch_segment_goes_forward"),
        ]
        indexes = [models.Index(fields=["enrolment", "activity"])]

    def __str__(self) -> str:
        return f"{self.from_second:.1f}–{self.to_second:.1f}"


class WatchProgress(models.Model):
    """What the credited segments of one person in one video add up to.

    `bitmap` has one bit per second of the video, least significant bit first, merged by OR. `clock_spans` is the union
    of the server-clock stretches [[from, to], …] (epoch seconds) in which the person was playing; credit never exceeds
    twice its length. Both are joins, so order and repetition do not matter. The position is a last-write-wins register.

    Length, bitmap and position are those of one `cut`. Once more than one was watched, `by_cut` has what was recorded
    on each by itself, and the rest is computed from it (`courses.domain.by_cut`).
    """

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="watch_progress", db_index=False)  # below
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="watch_progress")
    video = models.ForeignKey(Video, models.PROTECT, related_name="watch_progress")
    cut = models.PositiveIntegerField(default=1)
    by_cut = models.JSONField(default=dict, help_text="cut: [bitmap in base64, time of the newest position, position]")
    length_seconds = models.PositiveIntegerField()
    bitmap = models.BinaryField(default=bytes)
    clock_spans = models.JSONField(default=list)
    clock_until = models.FloatField(default=0, help_text="end of the last clock span")
    covered_seconds = models.PositiveIntegerField(default=0)
    position_seconds = models.FloatField(default=0)
    position_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "activity", "video"], name="watch_progress_once"),
            models.CheckConstraint(
                condition=Q(covered_seconds__lte=F("length_seconds")), name="watch_progress_within_length"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.covered_seconds}/{self.length_seconds}"

    @property
    def percent(self) -> int:
        """Whole percent covered, rounded down: 100 means every second."""
        return 100 * self.covered_seconds // self.length_seconds if self.length_seconds else 0


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """Sets of attempts."""

    def open(self) -> "AttemptQuerySet":
        """Attempts that were started and not handed in."""
        return self.filter(closed_at=None)

    def overdue(self, at: datetime) -> "AttemptQuerySet":
        """Open ones whose time ended before `at`."""
        return self.open().filter(ends_at__lt=at)

    def of_their_stage(self) -> "AttemptQuerySet":
        """Those that tell of their activity as it is used today: what was answered on entry counts for nothing else."""
        on_entry, is_entry = Q(stage=Stage.ENTRY), Q(activity__stage=Stage.ENTRY)
        return self.filter(on_entry & is_entry | ~on_entry & ~is_entry)

    def to_mark(self) -> "AttemptQuerySet":
        """Handed in, and waiting for a person to mark them."""
        return self.filter(closed_at__isnull=False, score_percent=None)


class Attempt(models.Model):
    """One try at a quiz. Its `public_id` is made by the client's form, so that a form sent twice is one attempt.

    `score_percent` is empty until it is handed in and, where a person has to mark an answer, until that was done.
    `stage` is what the quiz was for when it began: an attempt of entry is never passed, whatever its score.
    """

    public_id = models.UUIDField(unique=True)
    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="attempts")
    activity = models.ForeignKey(Activity, models.PROTECT, related_name="attempts")
    quiz = models.ForeignKey(Quiz, models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("intento"))
    stage = models.CharField(max_length=5, choices=Stage, blank=True, default=Stage.ORDINARY)
    pass_percent = models.PositiveSmallIntegerField()
    language = models.CharField(
        max_length=LONGEST_CODE, blank=True, help_text="in which it is read, where there is a translation"
    )
    started_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="when its time is over; empty without a limit")
    closed_at = models.DateTimeField(null=True, blank=True)
    score_percent = models.PositiveSmallIntegerField(_("nota"), null=True)
    is_passed = models.BooleanField(default=False)

    objects = AttemptQuerySet.as_manager()
    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "activity", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["enrolment", "activity"], condition=Q(closed_at=None), name="attempt_one_open"
            ),
            models.CheckConstraint(
                condition=Q(score_percent=None) | Q(score_percent__lte=100), name="attempt_score_is_a_percentage"
            ),
            models.CheckConstraint(
                condition=Q(is_passed=False) | Q(score_percent__gte=F("pass_percent")), name="attempt_passed_by_score"
            ),
            models.CheckConstraint(
                condition=~Q(stage="entry") | Q(is_passed=False), name="attempt_of_entry_is_not_passed"
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(closed_at=None), name="attempt_open_with_an_end")]

    def __str__(self) -> str:
        return f"{self.enrolment} · {self.quiz} · {self.number}"

    @property
    def is_entry(self) -> bool:
        """Whether it only says where somebody stood before the course."""
        return self.stage == Stage.ENTRY

    @property
    def awaits_marking(self) -> bool:
        """Handed in, and waiting for a person."""
        return self.closed_at is not None and self.score_percent is None


class Answer(models.Model):
    """The answer to one question of an attempt, and the version of the question that was seen.

    `given` is as `courses.questions.answers` says. `percent` is what it is worth, empty until the attempt is handed in
    and while a person has to mark it; `said` is what is told about it then. `points` 0: it does not count.
    `translation` is what was shown of the version; none: the version itself.
    `written_at` and `written_by` (an event's id, empty for a form) say which writing stands: the last by its moment.
    """

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="answers")
    version = models.ForeignKey(QuestionVersion, models.PROTECT, related_name="answers")
    translation = models.ForeignKey(
        QuestionTranslation, models.PROTECT, null=True, blank=True, editable=False, related_name="answers"
    )
    order = models.PositiveSmallIntegerField()
    points = models.DecimalField(max_digits=6, decimal_places=2, default=1)
    given = models.JSONField(default=dict)
    answered_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)
    written_by = models.UUIDField(null=True)
    percent = models.DecimalField(max_digits=8, decimal_places=5, null=True)
    said = models.JSONField(default=list, help_text="prose, written when the attempt closes")
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    marked_at = models.DateTimeField(null=True, blank=True)
    levels = models.JSONField(default=dict, help_text="the level chosen for each criterion of a rubric, by their keys")
    remark = models.TextField(_("comentario"), blank=True)
    graded_by = models.ForeignKey(
        QuestionVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="by which it was graded again; empty: the version that was seen",
    )

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "order"], name="answer_place_once"),
            models.CheckConstraint(
                condition=Q(percent=None) | Q(percent__gte=0, percent__lte=100), name="answer_percent_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}.{self.order}"

    @cached_property
    def asked(self) -> questions.Question:
        """The question in the words in which it was shown."""
        said = self.version.said
        return translating.in_language(said, self.translation.texts) if self.translation else said

    @property
    def lang(self) -> str:
        """The language of what is asked, where all of it is in one that is not the source's."""
        said = self.translation
        return said.language if said and translating.reads_whole(self.version.said, said.texts) else ""

    @cached_property
    def solved(self) -> questions.Question:
        """The one that says what is right, in the same words if nothing was graded again."""
        return self.graded_by.said if self.graded_by else self.asked

    @property
    def judged_by(self) -> QuestionVersion:
        """The version that says what is right: the one that was seen, or the one by which it was graded again."""
        return self.graded_by or self.version

    @property
    def is_right(self) -> bool | None:
        """Whether nothing is missing; None before that is known."""
        return None if self.percent is None else self.percent >= NEARLY
