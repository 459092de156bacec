"""Which pages and quizzes somebody may write, as `policy.yaml` and the roles in force say.

Wagtail asks here instead of its own tables of groups: a trainer writes the courses that they made and those over which
they were given a role; whoever may `edit_every_course` writes all. A role that ended is gone with the next request.
Where ANAM reviews (decision 0036), only reviewers publish; the others hand in what they wrote.
"""

from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Q, QuerySet
from wagtail.models import Page, PagePermissionTester, ReferenceIndex, WorkflowPage
from wagtail.permission_policies.pages import PagePermissionPolicy

from lms import permissions
from lms.models import Person, RoleGrant

EDIT, PUBLISH, EVERY = "edit_course", "publish_course", "edit_every_course"
REVIEW = "review_course"
OWNED = ("coursepage", "toolpage")
DOORS = ("catalogueindexpage", "toolindexpage")


@dataclass(frozen=True)
class Row:
    """A permission on a page and all below it, in the shape in which Wagtail reads its own."""

    page: Page
    permission: Permission

    @property
    def page_id(self) -> int:
        """The page's key."""
        return self.page.pk


def makes_new(person: Person) -> bool:
    """Whether somebody may begin courses and tools of their own; asked once for a request's person."""
    return _nationwide(person, EDIT)


def reviews(person: Person) -> bool:
    """Whether somebody approves what others wrote; asked once for a request's person."""
    return _nationwide(person, REVIEW)


def _nationwide(person: Person, action: str) -> bool:
    answers = person.__dict__.setdefault("_authoring_answers", {})
    if action not in answers:
        answers[action] = permissions.nationwide(person, action)
    return answers[action]


def publishes(person: Person, page: Page) -> bool:
    """Whether somebody who writes a page may publish it, too: not where it is reviewed by others."""
    return permissions.allows(person, PUBLISH) and not _waits_for_review(person, page)


def _waits_for_review(person: Person, page: Page) -> bool:
    answers = person.__dict__.setdefault("_authoring_answers", {})
    if "reviewed" not in answers:
        under_review = WorkflowPage.objects.filter(workflow__active=True).values_list("page__path", flat=True)
        answers["reviewed"] = [] if reviews(person) else list(under_review)
    return any(page.path.startswith(path) for path in answers["reviewed"])


def _of_kind(*models: str) -> QuerySet[Page]:
    kinds = ContentType.objects.filter(app_label="courses", model__in=models)
    return Page.objects.filter(content_type__in=kinds)


def roots_for(person: Person) -> list[Page]:
    """The pages that somebody may write with everything below them."""
    if permissions.nationwide(person, EVERY):
        return [Page.get_first_root_node()]
    found = list(_given_to(person))
    known = {page.pk for page in found}
    own = _of_kind(*OWNED).filter(owner=person) if makes_new(person) else []
    return found + [page for page in own if page.pk not in known]


def _given_to(person: Person) -> QuerySet[Page]:
    """The courses over which somebody was given a role."""
    given = RoleGrant.objects.in_force().filter(
        person=person, scope=RoleGrant.Scope.COURSE, role__in=permissions.policy()["actions"][EDIT]
    )
    return _of_kind("coursepage").filter(translation_key__in=given.values("course_key"))


class AuthoringPolicy(PagePermissionPolicy):
    """Wagtail's questions about pages, answered by the roles in force."""

    permission_cache_name = "_authoring_rows"
    _explorable_root_instance_cache_name = "_authoring_root"

    def get_all_permissions_for_user(self, user) -> list[Row]:
        """What somebody may do with which pages and all below them."""
        if not user.is_active or user.is_anonymous or user.is_superuser or not permissions.allows(user, EDIT):
            return []
        codenames = ["add_page", "change_page"] + (["publish_page"] if permissions.allows(user, PUBLISH) else [])
        given = Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=codenames)
        rows = [Row(page, one) for page in roots_for(user) for one in given]
        return [
            row for row in rows if row.permission.codename != "publish_page" or not _waits_for_review(user, row.page)
        ]

    def user_has_any_permission(self, user, actions) -> bool:
        """Whether there is any page at all; one who may begin a course will have one."""
        if user.is_authenticated and makes_new(user) and {"add", "change", "publish"} & set(actions):
            return user.is_active
        return super().user_has_any_permission(user, actions)

    def users_with_any_permission(self, actions, include_superusers=True) -> QuerySet[Person]:
        """Everybody who may write courses."""
        held = RoleGrant.objects.in_force().filter(role__in=permissions.policy()["actions"][EDIT])
        found = Person.objects.active().filter(pk__in=held.values("person_id"))
        return found | Person.objects.active().filter(is_superuser=True) if include_superusers else found

    def users_with_any_permission_for_instance(self, actions, instance, include_superusers=True) -> QuerySet[Person]:
        """Those of them who may write this page."""
        everybody = self.users_with_any_permission(actions, include_superusers)
        found = [one.pk for one in everybody if self.user_has_any_permission_for_instance(one, actions, instance)]
        return Person.objects.filter(pk__in=found)

    def instances_with_direct_explore_permission(self, user) -> list[Page]:
        """Where the explorer leads: one's own, and the two folders in which one may begin something new."""
        if user.is_superuser:
            return list(super().instances_with_direct_explore_permission(user))
        pages = list({row.page for row in self.get_cached_permissions_for_user(user)})
        return pages + (list(_of_kind(*DOORS)) if user.is_active and makes_new(user) else [])

    def explorable_instances(self, user) -> QuerySet[Page]:
        """One's own with everything below, and the bare way down to them."""
        if user.is_superuser or not user.is_active:
            return super().explorable_instances(user)
        root = self.explorable_root_instance(user)
        if root is None:
            return self.model._default_manager.none()
        way = {
            page.path[:end]
            for page in self.instances_with_direct_explore_permission(user)
            for end in range(len(root.path), len(page.path) + 1, Page.steplen)
        }
        own = self.instances_user_has_any_permission_for(user, {"add", "change", "publish"})
        return own | self.model._default_manager.filter(path__in=way)


class OwnPageTester(PagePermissionTester):
    """A course or tool that somebody made is theirs to write, also in the request in which it was made."""

    def __init__(self, user, page) -> None:
        super().__init__(user, page)
        if user.is_active and not user.is_superuser and page.owner_id == user.pk and makes_new(user):
            self.permissions |= {"add", "change"} | ({"publish"} if publishes(user, page) else set())


class DoorTester(PagePermissionTester):
    """In the folder of courses, or of tools, one may begin something new, and leave what others made alone."""

    def __init__(self, user, page) -> None:
        super().__init__(user, page)
        if user.is_active and not user.is_superuser and makes_new(user):
            self.permissions |= {"add"}

    def can_publish_subpage(self) -> bool:
        """One's own at once."""
        return super().can_publish_subpage() or (
            self.user.is_active and makes_new(self.user) and publishes(self.user, self.page)
        )


class Owned:
    """A page that is somebody's own."""

    def permissions_for_user(self, user) -> PagePermissionTester:
        """What `user` may do with it."""
        return OwnPageTester(user, self)


class Door:
    """A folder in which one may begin something of one's own."""

    def permissions_for_user(self, user) -> PagePermissionTester:
        """What `user` may do in it."""
        return DoorTester(user, self)


def writes(person: Person, page: Page) -> bool:
    """Whether somebody may write a page: their own, one over which they were given a role, or any."""
    roots = roots_for(person) if permissions.allows(person, EDIT) else []
    return any(page.path.startswith(root.path) for root in roots)


def linkable_by(person: Person) -> QuerySet[Page]:
    """The pages to which somebody may lead in what they write: those they see here, and those that are open to all."""
    closed = Q(pk__in=[])
    for path in Page.objects.filter(coursepage__network__isnull=False).values_list("path", flat=True):
        closed |= Q(path__startswith=path)
    seen = AuthoringPolicy(Page).explorable_instances(person)
    opened = Page.objects.live().public().exclude(closed)
    return Page.objects.filter(Q(pk__in=seen.values("pk")) | Q(pk__in=opened.values("pk")))


def quizzes_for(person: Person, quizzes: QuerySet) -> QuerySet:
    """Those of `quizzes` that somebody may write: their own, and those in lessons over which they were given a role.

    In the courses that they made themselves another's quiz is not theirs for being there; one whose writer is not known
    is.
    """
    if not permissions.allows(person, EDIT):
        return quizzes.none()
    if permissions.nationwide(person, EVERY):
        return quizzes
    given = set(_given_to(person).values_list("pk", flat=True))
    roots = roots_for(person)
    in_given = _shown_below([one for one in roots if one.pk in given], quizzes.model)
    in_own = _shown_below([one for one in roots if one.pk not in given], quizzes.model)
    return quizzes.filter(Q(made_by=person) | Q(pk__in=in_given) | Q(pk__in=in_own, made_by=None))


def _shown_below(roots: list[Page], model) -> list[int]:
    """The keys of what the pages at and below `roots` show."""
    if not roots:
        return []
    below = Q(pk__in=[])
    for root in roots:
        below |= Q(path__startswith=root.path)
    used = ReferenceIndex.objects.filter(
        to_content_type=ContentType.objects.get_for_model(model),
        base_content_type=ContentType.objects.get_for_model(Page),
        object_id__in=[str(pk) for pk in Page.objects.filter(below).values_list("pk", flat=True)],
    )
    return [int(key) for key in used.values_list("to_object_id", flat=True)]


def bank_for(person: Person, questions: QuerySet, *, to_edit: bool) -> QuerySet:
    """Those of `questions` that somebody may change, or else also place: their own and those of shared topics.

    Theirs are also those of its own writer in a quiz over which they were given a role. To place a question is no way
    to make it one's own.
    """
    if not permissions.allows(person, EDIT):
        return questions.none()
    if permissions.nationwide(person, EVERY):
        return questions
    asking = apps.get_model("courses", "QuizItem").objects.filter(question__isnull=False)
    given = quizzes_for(person, apps.get_model("courses", "Quiz").objects.all()).exclude(made_by=person)
    same = Q(question__made_by=F("quiz__made_by")) | Q(question__made_by=None, quiz__made_by=None)
    asked = asking.filter(same, quiz__in=given).values("question")
    reached = Q(made_by=person) | Q(pk__in=asked)
    return questions.filter(reached if to_edit else reached | Q(topic__is_shared=True))


def topics_for(person: Person, topics: QuerySet, *, to_edit: bool) -> QuerySet:
    """Those of `topics` that somebody may change and fill, or else also draw from: their own and the shared ones."""
    if not permissions.allows(person, EDIT):
        return topics.none()
    if permissions.nationwide(person, EVERY):
        return topics
    return topics.filter(Q(made_by=person) if to_edit else Q(made_by=person) | Q(is_shared=True))
