"""What the kernel adds to Wagtail's back-office, and what it takes away."""

from django.templatetags.static import static
from django.utils.html import format_html
from wagtail import hooks
from wagtail.permissions import register_permission_policy

from lms.models import (
    AuditEvent,
    DuplicatePair,
    Job,
    Membership,
    Merge,
    Municipality,
    Network,
    Person,
    PersonRequest,
    Post,
    RoleGrant,
)
from lms.viewsets import PeopleGroup, WorkGroup, person_chooser_viewset
from lms.viewsets.base import TablePolicy

READ = ("view",)
POLICIES = [
    TablePolicy(Person, "manage_people", verbs=("add", "change", "view"), read="read_people"),
    TablePolicy(RoleGrant, "grant_role", verbs=("add", "delete", "view"), read="read_grants"),
    TablePolicy(Network, "manage_networks", verbs=("add", "change", "view"), read="read_networks"),
    TablePolicy(Membership, "manage_networks", verbs=("add", "delete", "view"), read="read_networks"),
    TablePolicy(DuplicatePair, "merge_people", verbs=READ),
    TablePolicy(Merge, "merge_people", verbs=READ),
    TablePolicy(PersonRequest, "answer_requests", verbs=("change", "view")),
    TablePolicy(Municipality, "manage_reference_data", verbs=READ),
    TablePolicy(Post, "manage_reference_data"),
    TablePolicy(Job, "manage_jobs", verbs=("delete", "view"), read="read_jobs"),
    TablePolicy(AuditEvent, "read_audit", verbs=READ),
]
for policy in POLICIES:
    register_permission_policy(policy.model, policy)

# Wagtail's users and groups: people and roles are ours. Its help is about Wagtail, in English. Its history of the site
# is what the trail tells, and better.
NOT_NEEDED = {"users", "groups", "help", "api-tokens", "site-history", "workflows", "workflow-tasks"}


@hooks.register("register_admin_viewset")
def register_viewsets():
    """People, places, work."""
    return [PeopleGroup(), WorkGroup(), person_chooser_viewset]


@hooks.register("construct_main_menu")
@hooks.register("construct_settings_menu")
@hooks.register("construct_reports_menu")
def hide_what_is_not_needed(request, menu_items):
    """Fewer doors."""
    menu_items[:] = [item for item in menu_items if item.name not in NOT_NEEDED]


@hooks.register("insert_global_admin_css")
def colours():
    """The house's colours."""
    return format_html('<link rel="stylesheet" href="{}">', static("lms/office.css"))
