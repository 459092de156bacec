"""What is written for people agrees with what is there."""

import ast
import re

from tests.repository import tree

READERS = ("lms/settings.py", "scripts/run.py", "scripts/content.py", "scripts/steps.py", "scripts/make_ready.py")
README = tree.ROOT / "README.md"
OPERATIONS = tree.ROOT / "docs" / "operations.md"
EXAMPLE = tree.ROOT / ".env.example"
VARIABLE = re.compile(r"\b(?:AULA_[A-Z0-9_]+|DATABASE_URL|REDIS_URL)\b")


def variables_read() -> set[str]:
    """Every variable that is read through `env`, `key` or `setting`, whatever it is called."""
    found = set()
    for reader in READERS:
        for node in ast.walk(ast.parse((tree.ROOT / reader).read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = ast.unparse(node.func)
                if called.startswith("env.") or called in {"key", "setting", "steps.setting"}:
                    found.add(node.args[0].value)
    return {name for name in found if isinstance(name, str) and name.isupper()}


def make_targets() -> set[str]:
    """What `make` can be asked for."""
    return set(re.findall(r"^([a-z]+):", (tree.ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_setting_is_in_the_example_and_no_other():
    written = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert written == variables_read()


def test_every_setting_is_explained_and_no_other():
    assert set(VARIABLE.findall(OPERATIONS.read_text())) == variables_read()


def test_every_make_command_that_is_written_exists():
    for document in tree.files(".md"):
        text = document.read_text()
        commands = set(re.findall(r"(?:^|`|\$ |[A-Z_]+=\S+ )make ([a-z]+)", text, re.MULTILINE))
        assert commands <= make_targets(), tree.name(document)


def test_the_readme_says_how_to_start_and_to_test():
    text = README.read_text()
    assert {command for command in ("make run", "make test", "make check") if command in text} == {
        "make run",
        "make test",
        "make check",
    }


def test_every_file_that_a_document_links_to_exists():
    for document in tree.files(".md"):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{tree.name(document)} → {target}"


def test_management_commands_that_are_written_exist():
    ours = {path.stem for path in tree.files(".py") if path.parent.name == "commands"}
    djangos = {"check", "migrate", "createsuperuser", "shell", "collectstatic", "makemigrations", "runserver"}
    for document in tree.files(".md"):
        named = set(re.findall(r"manage\.py ([a-z_]+)", document.read_text()))
        assert named <= ours | djangos, tree.name(document)
