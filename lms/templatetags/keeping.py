"""Parts of pages that are the same for every reader, drawn once (docs/decisions/0035)."""

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.utils.translation import get_language

from lms.domain import kept

register = template.Library()


class KeptNode(template.Node):
    """What stands between `kept` and `endkept`."""

    def __init__(self, name: FilterExpression, given: dict[str, FilterExpression], nodelist: NodeList) -> None:
        self.name = name
        self.given = given
        self.nodelist = nodelist

    def render(self, context: template.Context) -> str:
        """Drawn with nothing in sight but what it was given: neither request nor reader."""
        given = {name: value.resolve(context) for name, value in self.given.items()}
        of = next(iter(given.values()))

        def draw() -> str:
            return self.nodelist.render(context.new(given))

        if getattr(context.get("request"), "is_preview", False) or of.pk is None:
            return draw()
        return kept.get(f"part {self.name.resolve(context)} {get_language()} {of._meta.label} {of.pk}", draw)


@register.tag
def kept_part(parser: Parser, token: Token) -> KeptNode:
    """`{% kept_part "facts" course=page %}…{% endkept %}`: kept by name, language and the first object given.

    What else is given must follow from that object. In a preview everything is drawn anew, and not kept.
    """
    _tag, name, *bits = token.split_contents()
    given = token_kwargs(bits, parser)
    if not given or bits:
        raise template.TemplateSyntaxError("kept_part takes a name and what the part may see, as name=value")
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(parser.compile_filter(name), given, nodelist)
