"""Who may do what with which video, picture and document in the back-office.

What somebody brings is theirs: they change it, and place it in their lessons. What lies in a collection below the root
is shared: whoever writes courses may place it, and only its owner changes it. What nobody brought came with the house
and is shared too. Whoever may `keep_every_file` changes all. `lms.domain.roles` gives the groups their collections;
every view asks `policy.yaml` besides.
"""

from django.db.models import Q, QuerySet
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.models import Collection
from wagtail.permission_policies.collections import CollectionOwnershipPermissionPolicy

from lms import permissions
from lms.models import Person
from media.models import Video

EVERY = "keep_every_file"
ROOT_DEPTH = 1


class OwnOrSharedPolicy(CollectionOwnershipPermissionPolicy):
    """Wagtail's questions about files: one's own, and of the others what is shared."""

    def _sees_all(self, user) -> bool:
        answers = user.__dict__.setdefault("_file_answers", {})
        if EVERY not in answers:
            answers[EVERY] = permissions.allows(user, EVERY)
        return answers[EVERY]

    def offered_to(self, user) -> Q:
        """Those of the files that `user` may place; on columns that the search index knows."""
        if self._sees_all(user):
            return Q()
        shared = list(Collection.objects.filter(depth__gt=ROOT_DEPTH))
        mine = Q(**{self.owner_field_name: user}) | Q(**{self.owner_field_name: None})
        return mine | Q(collection__in=shared)

    def instances_user_has_any_permission_for(self, user, actions) -> QuerySet:
        """Of what may be placed, no more than one's own and what is shared."""
        found = super().instances_user_has_any_permission_for(user, actions)
        return found.filter(self.offered_to(user)) if "choose" in actions and user.is_authenticated else found

    def user_has_any_permission_for_instance(self, user, actions, instance) -> bool:
        """The same of one."""
        if not super().user_has_any_permission_for_instance(user, actions, instance):
            return False
        return (
            "choose" not in actions
            or self.model._default_manager.filter(self.offered_to(user), pk=instance.pk).exists()
        )


policy = OwnOrSharedPolicy(Video, auth_model=Video, owner_field_name="uploaded_by")
picture_policy = OwnOrSharedPolicy(Image, auth_model=Image, owner_field_name="uploaded_by_user")
document_policy = OwnOrSharedPolicy(Document, auth_model=Document, owner_field_name="uploaded_by_user")


def editable_by(person: Person):
    """The videos that `person` may change, as a queryset."""
    return policy.instances_user_has_permission_for(person, "change")


def choosable_by(person: Person):
    """The videos that `person` may place in a lesson, as a queryset."""
    return Video.objects.filter(policy.offered_to(person))


def collections_for(person: Person):
    """The collections in which `person` may keep a video, as a queryset in the order of the tree."""
    return policy.collections_user_has_permission_for(person, "add").order_by("path")
