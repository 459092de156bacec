"""What the kernel tells the apps above it."""

from django.dispatch import Signal

# Sent on commit, with `person` (lms.models.Person), when a town hall or ANAM stands behind one of their appointments, a
# network behind their membership, or a guardian's signed consent was noted.
# May be sent more than once for the same person: receivers are idempotent.
link_confirmed = Signal()
