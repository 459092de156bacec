"""What an item shows, as HTML: interactions give way to gaps, or stand apart from what is asked."""

import re
from collections.abc import Iterable, Mapping
from html import escape

from ..drafting import Draft, NotUnderstood
from ..markup import VOID, Node

FEEDBACKS = {"feedbackInline", "feedbackBlock", "modalFeedback"}
RUBRIC = "rubricBlock"
TEMPLATES = {"printedVariable", "templateInline", "templateBlock", "templateBlockFeedback"}
# Wrappers that are no element of HTML; what they hold stands for itself.
WRAPPERS = {"contentBody", "stimulusBody", "itemBody", "hottext", "gapText"}
# Written around prose that is not within a paragraph, where only blocks may stand.
BARE = "aula-bare"
UNDERLINE = "underline"
UNSEEN = {"prompt", "stylesheet", "infoControl", "catalogInfo", "include"}
PICTURE_NAME = re.compile(r"\.(png|jpe?g|gif|webp|svg|bmp)$", re.IGNORECASE)
# A word for a place to fill that stands in the HTML until it is made safe.
MARK = "\ufdd8{}\ufdd9"


def is_interaction(node: Node) -> bool:
    """Whether something is answered here."""
    return node.name.endswith("Interaction")


def interactions_in(item: Node) -> list[Node]:
    """All of an item's, in the order of its body; those within others are theirs."""
    body = item.find("itemBody")
    found: list[Node] = []
    waiting = list(reversed(body.elements())) if body else []
    while waiting:
        node = waiting.pop()
        if is_interaction(node):
            found.append(node)
        elif node.name not in FEEDBACKS:
            waiting += reversed(node.elements())
    return found


def html_in(draft: Draft, node: Node | None, gaps: Mapping[int, str] | None = None) -> str:
    """What an element holds; `gaps` are what stands for interactions, by the identity of their elements."""
    return "".join(_html(draft, child, gaps or {}) for child in node.children) if node else ""


def prose_in(draft: Draft, node: Node | None) -> str:
    """The same, safe."""
    return draft.prose(html_in(draft, node)) if node else ""


def _html(draft: Draft, child: Node | str, gaps: Mapping[int, str]) -> str:
    if isinstance(child, str):
        return escape(child, quote=False)
    if id(child) in gaps:
        return gaps[id(child)]
    if child.name in TEMPLATES:
        raise NotUnderstood("qti.template")
    is_for_others = child.name == RUBRIC and "candidate" not in child.get("view", "candidate").split()
    if child.name in FEEDBACKS | UNSEEN or is_interaction(child) or is_for_others:
        if child.name in UNSEEN - {"prompt", "stylesheet"}:
            draft.note("option.unused", line=child.line, name=child.name)
        return ""
    return _element(child, html_in(draft, child, gaps))


def _element(child: Node, inner: str) -> str:
    if child.name == RUBRIC:
        return f"<blockquote>{inner}</blockquote>"
    if child.name in WRAPPERS or BARE in child.get("class").split():
        return inner
    if child.name == "object":
        return _object(child, inner)
    name = "u" if child.name == "span" and UNDERLINE in child.get("class").split() else child.name
    attributes = "".join(
        f' {key}="{escape(value)}"' for key, value in child.attributes.items() if key not in {"class", "id", "lang"}
    )
    return f"<{name}{attributes}>" if name in VOID else f"<{name}{attributes}>{inner}</{name}>"


def _object(child: Node, inner: str) -> str:
    """The way in which version 2 shows images."""
    address = child.get("data")
    if child.get("type").startswith("image/") or PICTURE_NAME.search(address):
        return f'<img src="{escape(address)}" alt="{escape(" ".join(child.text.split()))}">'
    return f"<object>{inner}</object>"


def text_around(draft: Draft, item: Node, prompts: Iterable[Node] = (), without: Node | None = None) -> str:
    """What is asked by an item with one interaction in a block of its own, `without` that block."""
    asked = html_in(draft, item.find("itemBody"), {id(without): ""} if without else {})
    return draft.prose(asked + "".join(f"<div>{html_in(draft, prompt)}</div>" for prompt in prompts))


def marker_note(draft: Draft, item: Node) -> str:
    """What is said to whoever marks."""
    body = item.find("itemBody")
    blocks = [node for node in body.walk() if node.name == RUBRIC] if body else []
    blocks = [node for node in blocks if "candidate" not in node.get("view", "candidate").split()]
    return draft.prose("".join(html_in(draft, node) for node in blocks))
