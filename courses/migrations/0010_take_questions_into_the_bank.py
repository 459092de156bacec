"""Each question of a quiz becomes one of the bank; each answer points to the version that it saw."""

import json
from decimal import Decimal
from html import escape

from django.db import migrations

BATCH = 500


def prose(text):
    return "<br>".join(escape(line.strip(), quote=False) for line in text.strip().split("\n"))


def content_of(text, is_multiple, choices, right, explanation):
    """A question as `courses.questions` has it; None where nothing is right, which could never be answered."""
    shown = {choice["key"] for choice in choices}
    right = [key for key in right if key in shown]
    if not right or len(choices) < 2:
        return None
    kind = "multiple" if is_multiple or len(right) > 1 else "single"
    share = Decimal(100) / len(right) if kind == "multiple" else Decimal(100)
    share = str(share.quantize(Decimal("0.00001")).normalize()) if kind == "multiple" and len(right) > 1 else "100"
    options = [
        {
            "key": choice["key"],
            "text": prose(choice["text"]),
            "percent": share if choice["key"] in right else "0",
            "feedback": "",
        }
        for choice in choices
    ]
    return {
        "name": " ".join(text.split())[:255] or "Pregunta",
        "text": prose(text),
        "body": {"kind": kind, "options": options, "is_shuffled": True, "scoring": "all"},
        "points": "1",
        "feedback": {"always": prose(explanation), "right": "", "partly": "", "wrong": ""},
        "pictures": [],
        "tags": [],
    }


def same(content):
    """Two contents that ask the same, whatever the order in which options were shown."""
    options = sorted(content["body"]["options"], key=lambda one: one["key"])
    return json.dumps({**content, "body": {**content["body"], "options": options}}, sort_keys=True)


class Bank:
    def __init__(self, apps):
        self.questions = apps.get_model("courses", "BankQuestion")
        self.versions = apps.get_model("courses", "QuestionVersion")
        self.known = {}

    def add(self, key, content, made_by, is_archived, at):
        from lms.domain.texts import fold  # noqa: PLC0415

        question = self.questions.objects.create(
            name=content["name"],
            kind=content["body"]["kind"],
            made_by_id=made_by,
            archived_at=at if is_archived else None,
            search_text=fold(content["name"]),
        )
        self.known[key] = (question, {})
        return question

    def version(self, key, content):
        question, versions = self.known[key]
        mark = same(content)
        if mark not in versions:
            versions[mark] = self.versions.objects.create(
                question=question, number=len(versions) + 1, content=content, made_by_id=question.made_by_id
            )
        return versions[mark]


def as_choices(question):
    rows = question.choices.order_by("sort_order", "pk")
    return [{"key": str(row.key), "text": row.text} for row in rows], [str(row.key) for row in rows if row.is_right]


def convert(apps, schema_editor):
    from django.utils import timezone  # noqa: PLC0415

    bank, at = Bank(apps), timezone.now()
    items = apps.get_model("courses", "QuizItem")
    latest, right_now = {}, {}
    for question in apps.get_model("courses", "Question").objects.select_related("quiz").order_by("pk"):
        choices, right = as_choices(question)
        right_now[str(question.key)] = right
        content = content_of(question.text, question.kind == "multiple", choices, right, question.explanation)
        if content is None:
            continue
        latest[str(question.key)] = content
        row = bank.add(str(question.key), content, question.quiz.made_by_id, False, at)
        items.objects.create(quiz_id=question.quiz_id, question=row, sort_order=question.sort_order, points=1)
    answers = apps.get_model("courses", "Answer")
    for answer in answers.objects.select_related("attempt__quiz").order_by("pk").iterator(BATCH):
        key = str(answer.question_key)
        choices = answer.choices
        right = answer.right or right_now.get(key, [])
        content = content_of(answer.question_text, answer.is_multiple, choices, right, answer.explanation)
        counts = content is not None
        if content is None:
            # Nothing in it was right: it is kept, and does not count, as before.
            first = [choices[0]["key"]] if choices else []
            while len(choices) < 2:
                choices = [*choices, {"key": f"x{len(choices)}", "text": "—"}]
            content = content_of(answer.question_text, answer.is_multiple, choices, first or ["x0"], answer.explanation)
        elif key in latest and not answer.attempt.closed_at:
            content["feedback"] = latest[key]["feedback"]
        if key not in bank.known:
            bank.add(key, content, answer.attempt.quiz.made_by_id, True, at)
        answer.version = bank.version(key, content)
        answer.given = {"chosen": list(answer.chosen)}
        answer.points = 1 if counts else 0
        if answer.attempt.closed_at:
            answer.percent = 100 if answer.is_right else 0
            answer.said = [prose(answer.explanation)] if answer.explanation else []
        answer.save()
    for key, content in latest.items():
        version = bank.version(key, content)
        question = bank.known[key][0]
        question.latest = version
        question.save()
    for question, versions in bank.known.values():
        if question.latest_id is None and versions:
            question.latest = list(versions.values())[-1]
            question.save()


class Migration(migrations.Migration):
    dependencies = [("courses", "0009_open_a_bank_of_questions")]

    operations = [migrations.RunPython(convert, migrations.RunPython.noop)]
