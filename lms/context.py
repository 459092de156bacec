"""Template variables that every page has."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from lms import permissions
from lms.domain import staff
from lms.views import devices


def site(request: HttpRequest) -> dict:
    """`can`: what the person may do, by the names of `policy.yaml`, asked lazily: `{% if can.read_tracking %}`.

    `staff_waiting`: how many appointments wait for their answer as HR delegate, counted when a page asks.
    `device_is_shared`: whether several people use this device.
    """
    person = getattr(request, "user", None)
    return {
        "can": permissions.Abilities(person),
        "staff_waiting": SimpleLazyObject(lambda: staff.count_waiting(person)),
        "device_is_shared": SimpleLazyObject(lambda: hasattr(request, "session") and devices.is_shared(request)),
    }
