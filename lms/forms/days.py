"""A day, as all forms and filters take it: one that fits a life, so that the day after it is a day too."""

from datetime import date, datetime, time

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.fields import RangeField

FIRST, LAST = date(1900, 1, 1), date(2200, 12, 31)
OUT_OF_REACH = _("Escriba una fecha entre los años 1900 y 2200.")


class DayField(forms.DateField):
    """A date of the years 1900 to 2200."""

    default_validators = [MinValueValidator(FIRST, OUT_OF_REACH), MaxValueValidator(LAST, OUT_OF_REACH)]


class DayFilter(django_filters.DateFilter):
    """A filter by one day."""

    field_class = DayField


class _DaysField(RangeField):
    """Two days; gives a slice of the first moment of one and the last moment of the other, in Guatemala, or None."""

    def __init__(self, *args, **kwargs):
        super().__init__((DayField(), DayField()), *args, **kwargs)

    def compress(self, data_list: list[date | None]) -> slice | None:
        """The slice."""
        if not data_list:
            return None
        return slice(
            *(
                day and timezone.make_aware(datetime.combine(day, hour))
                for day, hour in zip(data_list, (time.min, time.max), strict=True)
            )
        )


class DaysFilter(django_filters.RangeFilter):
    """A filter by a first and a last day."""

    field_class = _DaysField
