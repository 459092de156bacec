"""Which events verbs write on people, read from the source."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("lms", "media", "courses", "certificates")


def actions_on_people() -> set[str]:
    """The actions of `audit.record` calls whose subject is a person, as far as they stand there as text."""
    found = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "imports" in path.parts:  # events on lists, and one on people: person.imported
                continue
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and _is_record(call) and call.args and _is_about_a_person(call):
                    found |= {
                        node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant) and node.value
                    }
    return found


def _is_record(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "audit.record"


def _is_about_a_person(call: ast.Call) -> bool:
    subject = next((keyword.value for keyword in call.keywords if keyword.arg == "subject"), None)
    text = ast.unparse(subject) if subject else ""
    return "lms.person" in text or "subject_of(" in text or text.startswith("_subject(person")
