"""The trunk of the page tree: the site's root, the catalogue and the toolbox."""

from wagtail.models import Locale, Page, Site

from courses.models import CatalogueIndexPage, ToolIndexPage


def ensure_tree() -> tuple[CatalogueIndexPage, ToolIndexPage]:
    """The catalogue and the toolbox, made under the default site's root where they are missing."""
    locale, _created = Locale.objects.get_or_create(language_code="es")
    site = Site.objects.get(is_default_site=True)
    root = site.root_page
    if root.title != "Aula Municipal":
        root.title = root.draft_title = "Aula Municipal"
        root.locale = locale
        root.save()
        site.site_name = "Aula Municipal"
        site.save()
    return (
        _ensure_child(root, CatalogueIndexPage, title="Cursos", slug="cursos"),
        _ensure_child(root, ToolIndexPage, title="Herramientas", slug="herramientas"),
    )


def _ensure_child(root: Page, model: type[Page], *, title: str, slug: str):
    page = model.objects.first()
    if page is None:
        page = root.add_child(instance=model(title=title, slug=slug, locale=root.locale))
        page.save_revision().publish()
    return page
