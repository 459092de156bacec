"""Who may do what with which video in the back-office.

Wagtail's collections decide: those who may add keep and change their own, those who may change a collection change all
in it. `lms.domain.roles` gives the groups their collections; every view asks `policy.yaml` besides.
"""

from wagtail.permission_policies.collections import CollectionOwnershipPermissionPolicy

from lms.models import Person
from media.models import Video

policy = CollectionOwnershipPermissionPolicy(Video, auth_model=Video, owner_field_name="uploaded_by")


def editable_by(person: Person):
    """The videos that `person` may change, as a queryset."""
    return policy.instances_user_has_permission_for(person, "change")


def collections_for(person: Person):
    """The collections in which `person` may keep a video, as a queryset in the order of the tree."""
    return policy.collections_user_has_permission_for(person, "add").order_by("path")
