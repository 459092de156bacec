"""Finding municipalities as people write them."""

import re

from django.db.models import QuerySet

from lms.models import Municipality

from .texts import fold


def code_or_nothing(text: str, *, digits: int) -> str:
    """`text` if it looks like a code of the INE (a department's has 2 digits, a municipality's 4), or nothing."""
    return text if re.fullmatch(rf"[0-9]{{{digits}}}", text) else ""


def find_municipalities(query: str = "", department_code: str = "") -> QuerySet[Municipality]:
    """Municipalities whose names (old ones and the department's too) have every word of `query`; none for nothing."""
    found = Municipality.objects.select_related("department")
    words = fold(query).split()[:6]
    if not words and not department_code:
        return found.none()
    for word in words:
        found = found.filter(search_text__contains=word)
    return found.filter(department__code=department_code) if department_code else found
