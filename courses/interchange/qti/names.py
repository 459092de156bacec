"""One set of names for all versions: QTI 3's `qti-choice-interaction` is 2.x's `choiceInteraction`."""

import re

from ..markup import Node

PREFIX = "qti-"
_HYPHEN = re.compile(r"-([a-z0-9])")
_CAPITAL = re.compile(r"([A-Z])")


def as_in_2(root: Node) -> Node:
    """The tree with the names of version 2, changed in place."""
    for node in root.walk():
        if node.name.startswith(PREFIX):
            node.name = camel(node.name.removeprefix(PREFIX))
            node.attributes = {
                name if name.startswith("data-") else camel(name): value for name, value in node.attributes.items()
            }
    return root


def camel(name: str) -> str:
    """`response-identifier` as `responseIdentifier`."""
    return _HYPHEN.sub(lambda match: match[1].upper(), name)


def kebab(name: str) -> str:
    """`responseIdentifier` as `response-identifier`."""
    return _CAPITAL.sub(lambda match: "-" + match[1].lower(), name)
