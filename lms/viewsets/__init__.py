"""The kernel's back-office, declared: people, places, networks, roles, jobs, the trail of events."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.viewsets.base import ViewSetGroup

from .duplicates import merge_viewset, pair_viewset
from .grants import grant_viewset
from .networks import membership_viewset, network_viewset
from .people import person_chooser_viewset, person_viewset
from .places import municipality_viewset, post_viewset
from .requests import request_viewset
from .trail import audit_viewset
from .work import job_viewset


class PeopleGroup(ViewSetGroup):
    """People and what is said of them."""

    menu_label = _("Personas")
    menu_icon = "group"
    menu_order = 250
    items = (
        person_viewset,
        pair_viewset,
        merge_viewset,
        request_viewset,
        grant_viewset,
        network_viewset,
        membership_viewset,
        municipality_viewset,
        post_viewset,
    )


class WorkGroup(ViewSetGroup):
    """What the system does, and who did what."""

    menu_label = _("Sistema")
    menu_icon = "cogs"
    menu_order = 800
    items = (job_viewset, audit_viewset)


__all__ = ["PeopleGroup", "WorkGroup", "person_chooser_viewset"]
