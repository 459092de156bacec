"""The kernel's tables."""

from .audit import AuditEvent, AuditHead
from .jobs import Job
from .people import Appointment, Membership, Network, Person
from .places import Department, Language, Municipality, Post
from .roles import Role, RoleGrant

__all__ = [
    "Appointment",
    "AuditEvent",
    "AuditHead",
    "Department",
    "Job",
    "Language",
    "Membership",
    "Municipality",
    "Network",
    "Person",
    "Post",
    "Role",
    "RoleGrant",
]
