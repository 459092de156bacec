"""The 24 tools as pages. What somebody wrote in the back-office is never overwritten."""

from django.db import transaction
from wagtail.models import Page, PageLogEntry

from courses.models import ToolIndexPage, ToolPage
from lms.models import Post

PAGE_FIELDS = ("title", "family", "summary", "outcome", "steps", "is_derived")


def was_touched(page: Page) -> bool:
    """Whether a person did anything to the page: drafts and withdrawals count as much as edits."""
    return PageLogEntry.objects.filter(page=page.pk).exclude(user=None).exists()


@transaction.atomic
def ensure_tool(index: ToolIndexPage, *, code: str, slug: str, posts: list[str], **fields: object) -> bool:
    """The tool `code`, published with these texts, unless a person has touched its page. True if anything changed."""
    page = ToolPage.objects.filter(code=code).first()
    wanted = set(Post.objects.filter(code__in=posts))
    if page is None:
        page = index.add_child(instance=ToolPage(code=code, slug=slug, locale=index.locale, **fields))
    elif was_touched(page) or _is_as_wanted(page, wanted, fields):
        return False
    for name in PAGE_FIELDS:
        setattr(page, name, fields[name])
    page.posts.set(wanted)
    page.save_revision().publish()
    return True


def _is_as_wanted(page: ToolPage, posts: set[Post], fields: dict[str, object]) -> bool:
    return set(page.posts.all()) == posts and all(getattr(page, name) == fields[name] for name in PAGE_FIELDS)


@transaction.atomic
def ensure_introduction(page: Page, text: str) -> bool:
    """Write an index page's introduction if it has none. True if it was written."""
    if page.introduction:
        return False
    page.introduction = text
    page.save_revision().publish()
    return True
