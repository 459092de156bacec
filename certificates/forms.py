"""Forms of this app."""

from django import forms
from django.utils.translation import gettext_lazy as _


class RevocationForm(forms.Form):
    """Why a certificate is taken out of force."""

    reason = forms.CharField(
        label=_("Motivo"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Queda en el registro, con su nombre y la fecha. No se publica."),
    )
    is_sure = forms.BooleanField(label=_("Entiendo que no se puede deshacer"))
