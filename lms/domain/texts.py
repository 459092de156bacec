"""Texts as people type them: without accents, with any apostrophe."""

import re
import unicodedata

# ' ’ ‘ ʼ ʻ ` ´ and the saltillo ꞌ Ꞌ are typed for one another in Mayan names.
APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u02bb`\u00b4\ua78b\ua78c]")


def fold(text: str) -> str:
    """`text` for searching: lower case, no accents, no apostrophes, single spaces (Q'eqchiʼ → qeqchi)."""
    without = APOSTROPHES.sub("", unicodedata.normalize("NFKD", text))
    plain = without.replace("\0", "")  # PostgreSQL refuses it in any text
    if not plain.isascii():
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def without_accents(text: str) -> str:
    """`text` without its accents, all else as it is (ñ becomes n)."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


# Letters that people in Guatemala write for one another, the longer first. Folded text comes in.
_SOUNDS = (
    ("tz", "s"), ("ch", "x"), ("sh", "x"), ("ll", "y"), ("qu", "k"), ("gue", "ge"), ("gui", "gi"), ("hu", "w"),
    ("gu", "w"), ("ce", "se"), ("ci", "si"), ("ph", "f"), ("h", ""), ("v", "b"), ("z", "s"), ("c", "k"), ("q", "k"),
    ("j", "g"), ("x", "s"), ("y", "i"), ("w", "u"),
)  # fmt: skip


def sound(text: str) -> str:
    """How a name sounds, for finding the same person written otherwise: words in order of the alphabet.

    `Gonzáles` and `González`, `Básquez` and `Vásquez`, `Xuyá` and `Suya` come out alike; particles are left out.
    """
    words = []
    for word in fold(text).split():
        if word in {"de", "del", "la", "las", "los", "y", "viuda", "vda"}:
            continue
        for written, heard in _SOUNDS:
            word = word.replace(written, heard)  # noqa: PLW2901
        words.append(re.sub(r"(.)\1+", r"\1", re.sub(r"[^a-z0-9]", "", word)))
    return " ".join(sorted(filter(None, words)))
