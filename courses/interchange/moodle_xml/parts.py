"""Parts that questions of every type have: texts with their files, answers, options that no other system has."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote

from ..drafting import Draft, NotUnderstood, assert_few, decoded
from ..forms import Form
from ..markup import Node, html_of
from ..worth import percent_of

FORMS = {
    "html": Form.HTML,
    "moodle_auto_format": Form.MOODLE,
    "wiki_like": Form.PLAIN,
    "plain_text": Form.PLAIN,
    "markdown": Form.MARKDOWN,
}
PLUGIN_FILE = "@@PLUGINFILE@@/"
TRUE = {"1", "true", "yes"}


def value_of(node: Node, name: str, otherwise: str = "") -> str:
    """What an element of the question says, its `<text>` where it has one."""
    found = node.find(name)
    if found is None:
        return otherwise
    return (found.find("text") or found).text.strip() or otherwise


def source_of(node: Node | None) -> tuple[str, Form]:
    """The text of an element such as `<questiontext>` as it is written, and how."""
    if node is None:
        return "", Form.HTML
    text = node.find("text") or node
    own = [child for child in text.children if isinstance(child, Node) and child.name not in {"file", "feedback"}]
    if own and text is not node:
        return html_of(text).strip(), Form.HTML
    written = "".join(child for child in text.children if isinstance(child, str)).strip()
    otherwise = Form.HTML if "<" in written else Form.MOODLE
    return written, FORMS.get(node.get("format"), otherwise)


def prose_of(draft: Draft, node: Node | None, gaps: dict[str, str] | None = None, written: str | None = None) -> str:
    """Safe prose of an element such as `<questiontext>`, with its files. `written` stands for its text."""
    if node is None:
        return ""
    text, form = source_of(node)
    files = _Files(node)
    draft.files = files
    prose = draft.prose(text if written is None else written, form, gaps or {})
    for name in files.unused():
        draft.note("moodle.file_unused", line=node.line, file=name[:80])
    return prose


class _Files:
    """Files of a text, answered by the addresses that stand in it."""

    def __init__(self, node: Node) -> None:
        nodes = [*node.elements("file"), *(file for text in node.elements("text") for file in text.elements("file"))]
        self._nodes = {(file.get("path", "/") + file.get("name")).lstrip("/"): file for file in nodes}
        self._used: set[str] = set()

    def __call__(self, address: str) -> bytes | None:
        name = unquote(address.removeprefix(PLUGIN_FILE).partition("?")[0]).lstrip("/")
        if name not in self._nodes:
            return None
        self._used.add(name)
        return decoded(self._nodes[name].text)

    def unused(self) -> Iterable[str]:
        """Names that no image of the text has."""
        return [name for name in self._nodes if name not in self._used]


@dataclass(frozen=True)
class Answer:
    """One `<answer>`: its element, what it is worth, what is said back."""

    node: Node
    percent: Decimal
    feedback: str

    @property
    def text(self) -> str:
        """Its text as it is written."""
        return source_of(self.node)[0]


def answers_of(draft: Draft, question: Node) -> list[Answer]:
    """The answers of a question. Raises `NotUnderstood`."""
    assert_few(question.elements("answer"))
    return [
        Answer(node, _fraction(node), prose_of(draft, node.find("feedback"))) for node in question.elements("answer")
    ]


def _fraction(node: Node) -> Decimal:
    said = node.get("fraction") or value_of(node, "fraction", "0")
    return percent_of(said)


# Elements that say nothing a question here could need, with the values for which that is so; None: whatever they say.
WITHOUT_MEANING: dict[str, set[str] | None] = {
    "penalty": {"0", "0.0", "0.0000000"},
    "hidden": {"0"},
    "idnumber": set(),
    "length": {"1"},
    "answernumbering": {"abc"},
    "showstandardinstruction": None,
    "showgrading": None,
    "responserequired": {"1"},
    "responsefieldlines": None,
    "version": None,
    "stamp": None,
}


def note_unused(draft: Draft, question: Node, used: set[str]) -> None:
    """Note every option that was not `used` and says something."""
    for node in question.elements():
        if node.name in used:
            continue
        says = node.text.strip()
        allowed = WITHOUT_MEANING.get(node.name, set())
        if node.name == "hint":
            if value_of(question, "hint"):
                draft.note("moodle.hint", line=node.line)
        elif allowed is not None and says not in allowed and (says or node.name == "shownumcorrect"):
            shown = f"{node.name}: {says[:40]}" if says else node.name
            draft.note("option.unused", line=node.line, name=" ".join(shown.split()))


def points_of(draft: Draft, question: Node, otherwise: Decimal = Decimal(1)) -> Decimal:
    """What the question counts for."""
    said = value_of(question, "defaultgrade")
    if not said:
        return otherwise
    try:
        points = Decimal(said.replace(",", "."))
    except ArithmeticError as error:
        raise NotUnderstood("number.unclear", number=said[:40]) from error
    if points.is_finite() and 0 < points <= 1000:
        return points.normalize() if points % 1 else Decimal(int(points))
    draft.note("points.changed", points=said[:20])
    return Decimal(1)
