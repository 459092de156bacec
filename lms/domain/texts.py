"""Texts as people type them: without accents, with any apostrophe."""

import re
import unicodedata

# ' ’ ‘ ʼ ʻ ` ´ and the saltillo ꞌ Ꞌ are typed for one another in Mayan names.
APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u02bb`\u00b4\ua78b\ua78c]")


def fold(text: str) -> str:
    """`text` for searching: lower case, no accents, no apostrophes, single spaces (Q'eqchiʼ → qeqchi)."""
    without = APOSTROPHES.sub("", unicodedata.normalize("NFKD", text))
    without = without.replace("\0", "")  # PostgreSQL refuses it in any text
    plain = "".join(c for c in without if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())
