"""The kernel's tables."""

from .access import AccessCode
from .audit import AuditEvent, AuditHead
from .duplicates import DuplicatePair, Merge
from .imports import StaffImport, StaffImportFault, StaffImportFile, StaffImportMapping
from .jobs import Job
from .networks import Network
from .people import Appointment, GuardianConsent, Membership, Person
from .places import Department, Language, Municipality, Post
from .requests import PersonRequest
from .roles import Role, RoleGrant

__all__ = [
    "AccessCode",
    "Appointment",
    "AuditEvent",
    "AuditHead",
    "Department",
    "DuplicatePair",
    "GuardianConsent",
    "Job",
    "Language",
    "Membership",
    "Merge",
    "Municipality",
    "Network",
    "Person",
    "PersonRequest",
    "Post",
    "Role",
    "RoleGrant",
    "StaffImport",
    "StaffImportFault",
    "StaffImportFile",
    "StaffImportMapping",
]
