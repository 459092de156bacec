"""Fields of which the forms of questions are made."""

from django import forms


def prose(label, *, rows: int = 2, help_text="") -> forms.CharField:
    """A box for prose."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, max_length=50_000, widget=widget, help_text=help_text)


def percent(label, *, help_text="", least: int = -100) -> forms.DecimalField:
    """A percentage with at most five places."""
    return forms.DecimalField(
        label=label, required=False, min_value=least, max_value=100, decimal_places=5, help_text=help_text
    )


def line(label, *, longest: int = 1_000, help_text="") -> forms.CharField:
    """A line of plain text."""
    return forms.CharField(label=label, required=False, max_length=longest, help_text=help_text)


def tick(label, *, initial: bool = False, help_text="") -> forms.BooleanField:
    """Yes or no."""
    return forms.BooleanField(label=label, required=False, initial=initial, help_text=help_text)
