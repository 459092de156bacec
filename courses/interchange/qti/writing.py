"""Writing QTI: a content package with an item for each question."""

import io
import zipfile
from collections.abc import Iterable
from decimal import Decimal

from courses.questions import Question

from ..decoding import writable
from ..drafting import kind_of_picture
from ..reading import Found, Note, Written, excerpt_of
from ..writing import Leaving, NotCarried, all_of
from .elements import Element, elements_of, in_blocks, number, picture_name
from .feedback import GENERAL, RESULT
from .grading import STANDARD, STANDARD_3, choose, float_of, say, variable
from .items_out import Item, fill

VERSIONS = ("2.1", "3.0")
ITEM_SPACES = {
    "2.1": "http://www.imsglobal.org/xsd/imsqti_v2p1",
    "3.0": "http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
}
ITEM_TYPES = {"2.1": "imsqti_item_xmlv2p1", "3.0": "imsqti_item_xmlv3p0"}
SCHEMAS = {"2.1": ("QTIv2.1 Package", "1.0.0"), "3.0": ("QTI Package", "3.0.0")}
MANIFEST_SPACES = {
    "2.1": "http://www.imsglobal.org/xsd/imscp_v1p1",
    "3.0": "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
}
METADATA_SPACE = "http://ltsc.ieee.org/xsd/LOM"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
# One day for all files, so that the same questions give the same bytes.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def write(questions: Iterable[Found | Question], version: str = "2.1") -> Written:
    """A content package (zip) of QTI `2.1` or `3.0`, and notes of what it does not carry."""
    files: dict[str, bytes] = {}
    notes: list[Note] = []
    resources: list[Element] = []
    for one, found in all_of(questions):
        leaving = Leaving(one, found)
        try:
            item = item_of(leaving, version)
        except NotCarried as reason:
            notes.append(Note(one, excerpt_of(found.question.name), reason.code, reason.facts))
            continue
        name = f"items/{one}.xml"
        xml = item.xml(version == "3.0")
        if writable(xml) != xml:
            leaving.note("text.controls")
        files[name] = (HEAD + writable(xml)).encode()
        pictures = {f"items/{picture_name(leaving, key)}": content for key, content in found.pictures.items()}
        files |= pictures
        resources.append(_resource(found, one, version, name, list(pictures)))
        notes += leaving.notes.values()
    manifest = _manifest(resources, version)
    return Written(_packed({"imsmanifest.xml": (HEAD + manifest.xml(False)).encode(), **files}), tuple(notes))


def item_of(leaving: Leaving, version: str) -> Element:
    """One question as an item. Raises `NotCarried`."""
    question = leaving.question
    item = Item(leaving)
    fill(item, question.body)
    rules = [*item.rules, *_general(item, question)]
    root = Element(
        "assessmentItem",
        xmlns=ITEM_SPACES[version],
        identifier=f"question_{leaving.number}",
        title=question.name,
        adaptive="false",
        timeDependent="false",
    )
    root.add(*item.responses, _outcome("SCORE", "single", "float", "0"))
    root.add(_outcome("MAXSCORE", "single", "float", number(question.points)))
    if item.is_raw:
        root.add(_outcome("RAW", "single", "float", "0"))
    if item.feedbacks:
        root.add(
            *(_outcome(name, "multiple", "identifier") for name in sorted({one for one, _id, _html in item.feedbacks}))
        )
    root.add(Element("itemBody", *item.body))
    root.add(*_processing(item, rules, version))
    for outcome, identifier, html in item.feedbacks:
        root.add(_modal(leaving, outcome, identifier, html))
    return root


def _outcome(name: str, cardinality: str, base: str, initial: str | None = None) -> Element:
    declared = Element("outcomeDeclaration", identifier=name, cardinality=cardinality, baseType=base)
    return declared.add(Element("defaultValue", Element("value", initial))) if initial is not None else declared


def _processing(item: Item, rules: list[Element], version: str) -> list[Element]:
    """The standard template where that says it all."""
    if item.template and not rules:
        address = f"{STANDARD_3}{item.template}.xml" if version == "3.0" else STANDARD + item.template
        return [Element("responseProcessing", template=address)]
    rules = [*item.own_rules, *rules]
    return [Element("responseProcessing", *rules)] if rules else []


def _general(item: Item, question: Question) -> list[Element]:
    """What is said of the whole, by what was reached."""
    said = {name: getattr(question.feedback, name) for name in GENERAL}
    for name, html in said.items():
        if html:
            item.feedbacks.append((RESULT, name, html))
    rules = [say("always", RESULT)] if said["always"] else []
    if any(said[name] for name in ("right", "partly", "wrong")):
        reached = variable("SCORE")
        rules += choose(
            [
                (Element("gte", reached, float_of(question.points)), [say("right", RESULT)]),
                (Element("gt", reached, float_of(Decimal(0))), [say("partly", RESULT)]),
                (None, [say("wrong", RESULT)]),
            ]
        )
    return rules


def _modal(leaving: Leaving, outcome: str, identifier: str, html: str) -> Element:
    content = Element("contentBody", *in_blocks(elements_of(leaving, html)))
    return Element("modalFeedback", content, outcomeIdentifier=outcome, identifier=identifier, showHide="show")


# The package --------------------------------------------------------------------------------------------------------


def _resource(found: Found, one: int, version: str, name: str, pictures: list[str]) -> Element:
    resource = Element("resource", identifier=f"resource_{one}", type=ITEM_TYPES[version], href=name)
    words = [Element("keyword", Element("string", tag)) for tag in found.question.tags]
    taxons = [Element("taxon", Element("entry", Element("string", part))) for part in found.category]
    if words or taxons:
        lom = Element("lom", xmlns=METADATA_SPACE)
        if words:
            lom.add(Element("general", *words))
        if taxons:
            lom.add(Element("classification", Element("taxonPath", *taxons)))
        resource.add(Element("metadata", lom))
    return resource.add(*(Element("file", href=path) for path in [name, *pictures]))


def _manifest(resources: list[Element], version: str) -> Element:
    schema, schema_version = SCHEMAS[version]
    metadata = Element("metadata", Element("schema", schema), Element("schemaversion", schema_version))
    return Element(
        "manifest",
        metadata,
        Element("organizations"),
        Element("resources", *resources),
        xmlns=MANIFEST_SPACES[version],
        identifier="questions",
    )


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=LONG_AGO)
            is_packed = kind_of_picture(content) is not None
            entry.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()
