"""How forms are drawn."""

from django.forms.renderers import DjangoTemplates


class FormRenderer(DjangoTemplates):
    """Fields with a label above, help and error beside it, bound by aria (`templates/components/field.html`)."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
