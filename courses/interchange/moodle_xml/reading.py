"""Reading Moodle's XML: one question after another, each by the maker of its type."""

from collections.abc import Callable, Iterable
from functools import partial
from html import escape

from django.utils.translation import gettext_lazy as _

from courses.questions import Body, Feedback, Question

from ..drafting import Draft, Notebook, NotUnderstood, decoded
from ..forms import category_of
from ..markup import Broken, Node, pieces_in, tree_in, tree_of
from ..reading import Note, Reading, Unreadable
from . import cloze, kinds, selects
from .parts import note_unused, points_of, prose_of, value_of

NOT_MOODLE = _("Este XML no es un banco de preguntas de Moodle: falta <quiz>.")
# Each gives the body, the prose of what is asked, and which elements it used.
Maker = Callable[[Draft, Node], tuple[Body, str, set[str]]]
MAKERS: dict[str, Maker] = {
    "multichoice": kinds.choices,
    "truefalse": kinds.true_false,
    "shortanswer": kinds.short_text,
    "numerical": kinds.numeric,
    "matching": kinds.matching,
    "match": kinds.matching,
    "ddmatch": kinds.matching,
    "ordering": kinds.ordering,
    "essay": kinds.essay,
    "cloze": cloze.make,
    "multianswer": cloze.make,
    "gapselect": selects.make,
    "ddwtos": selects.make,
}
TEXTS = {"description": "moodle.description", "random": "moodle.random", "randomsamatch": "moodle.random"}
HEADERS = {
    *("name", "questiontext", "generalfeedback", "defaultgrade", "tags", "coursetags"),
    *("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback", "image", "image_base64"),
}


def read(content: bytes) -> Reading:
    """All questions of a file. Raises `Unreadable`."""
    try:
        root, notes = tree_of(content)
    except Broken as broken:
        return _read_pieces(content, broken)
    if root.name != "quiz":
        raise Unreadable(NOT_MOODLE)
    notebook = Notebook(notes)
    _take_all(notebook, root.elements())
    return notebook.reading()


def _read_pieces(content: bytes, broken: Broken) -> Reading:
    """Questions of a file that is broken somewhere, one by one; those that are broken themselves are noted."""
    notebook = Notebook([Note(broken.line, "", "moodle.broken_file")])
    nodes = []
    for line, text in pieces_in(content, "question"):
        try:
            node, notes = tree_in(text, line)
        except Broken:
            notebook.note(line, "moodle.broken", text)
        else:
            nodes.append(node)
            notebook.add(notes)
    if not nodes:
        raise broken
    _take_all(notebook, nodes)
    return notebook.reading()


def _take_all(notebook: Notebook, nodes: Iterable[Node]) -> None:
    category: tuple[str, ...] = ()
    for node in nodes:
        kind = node.get("type")
        if node.name != "question":
            notebook.note(node.line, "moodle.not_a_question", f"<{node.name}> {node.text}", element=node.name[:40])
        elif kind == "category":
            category = category_of(value_of(node, "category"))
            if info := value_of(node, "info"):
                notebook.note(node.line, "moodle.category_info", info)
        else:
            excerpt = value_of(node, "name") or value_of(node, "questiontext") or kind
            notebook.take(Draft(node.line, excerpt), partial(_question, node), category)


def _question(node: Node, draft: Draft) -> Question:
    kind = node.get("type").strip().lower()
    if kind in TEXTS:
        raise NotUnderstood(TEXTS[kind])
    if kind not in MAKERS:
        raise NotUnderstood("moodle.type", type=kind[:40] or "?")
    body, asked, used = MAKERS[kind](draft, node)
    note_unused(draft, node, used | HEADERS)
    asked += _old_picture(draft, node)
    return Question(
        name=draft.name(" ".join(value_of(node, "name").split()), asked),
        text=asked,
        body=body,
        points=points_of(draft, node, kinds.weight_of(body)),
        feedback=Feedback(
            always=prose_of(draft, node.find("generalfeedback")),
            right=prose_of(draft, node.find("correctfeedback")),
            partly=prose_of(draft, node.find("partiallycorrectfeedback")),
            wrong=prose_of(draft, node.find("incorrectfeedback")),
        ),
        pictures=tuple(draft.shown.values()),
        tags=_tags(draft, node),
    )


def _tags(draft: Draft, node: Node) -> tuple[str, ...]:
    tags = [tag for group in node.elements("tags", "coursetags") for tag in group.elements("tag")]
    said = [" ".join(tag.text.split()) for tag in tags]
    kept = tuple(dict.fromkeys(text[:100] for text in said if text))
    if len(kept) > 50 or any(len(text) > 100 for text in said):
        draft.note("tags.cut")
    return kept[:50]


def _old_picture(draft: Draft, node: Node) -> str:
    """The one image that a question of Moodle 1.9 has below its text."""
    name, content = value_of(node, "image"), value_of(node, "image_base64")
    if not name and not content:
        return ""
    draft.files = lambda address: decoded(content) or None
    return draft.prose(f'<p><img src="{escape(name)}" alt=""></p>')
