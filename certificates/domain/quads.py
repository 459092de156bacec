"""What a credential of ours says as RDF, in the one order that is signed (RDFC-1.0, W3C).

pyld finds that out for any JSON-LD by reading its contexts anew each time, and that was a quarter of what a certificate
cost. Ours has a known form: here stands what the contexts make of each of its terms. The tests ask pyld for the same
text over made-up facts, and every proof is checked by the library, which knows nothing of this table.
"""

from collections.abc import Iterable
from hashlib import sha256

from pyld.nquads import escape

_VC = "https://www.w3.org/2018/credentials#"
_STATUS = "https://www.w3.org/ns/credentials/status#"
_OPEN_BADGES = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
_SCHEMA = "https://schema.org/"
_XSD, _XSD_S = "http://www.w3.org/2001/XMLSchema#", "https://www.w3.org/2001/XMLSchema#"  # the contexts write both
_SECURITY = "https://w3id.org/security#"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

_TYPES = {
    "VerifiableCredential": f"{_VC}VerifiableCredential",
    "BitstringStatusListEntry": f"{_STATUS}BitstringStatusListEntry",
    # No context knows it: it is then a name beside the address that pyld takes where there is none.
    "1EdTechJsonSchemaValidator2019": "http://example.org/base/1EdTechJsonSchemaValidator2019",
    **{
        name: _OPEN_BADGES + name
        for name in (
            "Achievement",
            "AchievementSubject",
            "IdentityObject",
            "OpenBadgeCredential",
            "Profile",
            "Result",
            "ResultDescription",
            "RubricCriterionLevel",
        )
    },
}
# What leads to another node, or to an address.
_LINKS = {
    **{name: _VC + name for name in ("credentialSchema", "credentialStatus", "credentialSubject", "issuer")},
    **{
        name: _OPEN_BADGES + name
        for name in ("achievement", "identifier", "result", "resultDescription", "rubricCriterionLevel")
    },
    "criteria": f"{_OPEN_BADGES}Criteria",
    "statusListCredential": f"{_STATUS}statusListCredential",
}
# What is a value, and of which type.
_VALUES = {
    **{name: (_SCHEMA + name, "") for name in ("description", "inLanguage", "name", "value")},
    **{
        name: (_OPEN_BADGES + name, "")
        for name in (
            "achievementType",
            "identityHash",
            "identityType",
            "level",
            "licenseNumber",
            "narrative",
            "resultType",
            "role",
            "valueMax",
            "valueMin",
            "version",
        )
    },
    **{name: (_STATUS + name, "") for name in ("statusListIndex", "statusPurpose")},
    **{name: (_OPEN_BADGES + name, f"{_XSD_S}date") for name in ("activityEndDate", "activityStartDate")},
    **{name: (_VC + name, f"{_XSD}dateTime") for name in ("validFrom", "validUntil")},
    "achievedLevel": (f"{_OPEN_BADGES}achievedLevel", f"{_XSD_S}anyURI"),
    "hashed": (f"{_OPEN_BADGES}hashed", f"{_XSD_S}boolean"),
    "resultDescription": (f"{_OPEN_BADGES}resultDescription", f"{_XSD_S}anyURI"),
    "url": (f"{_SCHEMA}url", f"{_XSD_S}anyURI"),
}
_ADDRESSES = {"statusListCredential"}

Triple = tuple[str, str, str]


def canonical(document: dict) -> str:
    """The N-Quads of a credential as `credentials.build` makes them. Raises KeyError for a term that it does not know.

    A node without an identifier is numbered by the digest of what it says (RDFC-1.0 §4.4.3); no two of ours say the
    same, so the rest of the algorithm has nothing to decide.
    """
    triples: list[Triple] = []
    _tell(document, triples)
    nameless = {term for triple in triples for term in triple if _is_nameless(term)}
    order = sorted(nameless, key=lambda node: _digest(node, triples))
    labels = {node: f"_:c14n{number}" for number, node in enumerate(order)}
    return "".join(sorted(_line(labels.get(term, term) for term in triple) for triple in triples))


def canonical_proof(created: str, method: str) -> str:
    """The N-Quads of the options of a proof by `eddsa-rdfc-2022`."""
    said = (
        f'<http://purl.org/dc/terms/created> "{created}"^^<{_XSD}dateTime>',
        f"<{_TYPE}> <{_SECURITY}DataIntegrityProof>",
        f'<{_SECURITY}cryptosuite> "eddsa-rdfc-2022"^^<{_SECURITY}cryptosuiteString>',
        f"<{_SECURITY}proofPurpose> <{_SECURITY}assertionMethod>",
        f"<{_SECURITY}verificationMethod> <{method}>",
    )
    return "".join(f"_:c14n0 {one} .\n" for one in said)


def _tell(node: dict, triples: list[Triple]) -> str:
    """Add what a node says, and those that it leads to; returns its name."""
    name = f"<{node['id']}>" if "id" in node else f"_:b{len(triples)}"
    for term, value in node.items():
        if term == "type":
            kinds = [value] if isinstance(value, str) else value
            triples += [(name, f"<{_TYPE}>", f"<{_TYPES[kind]}>") for kind in kinds]
        elif isinstance(value, dict | list):
            for one in [value] if isinstance(value, dict) else value:
                if term != "@context":
                    triples.append((name, f"<{_LINKS[term]}>", _tell(one, triples)))
        elif term in _ADDRESSES:
            triples.append((name, f"<{_LINKS[term]}>", f"<{value}>"))
        elif term != "id":
            triples.append((name, f"<{_VALUES[term][0]}>", _literal(value, _VALUES[term][1])))
    return name


def _literal(value: str | bool, kind: str) -> str:
    text = str(value).lower() if isinstance(value, bool) else escape(value)
    return f'"{text}"^^<{kind}>' if kind else f'"{text}"'


def _digest(node: str, triples: list[Triple]) -> str:
    """Of what is said with a node in it, itself called `a` and others without a name `z`."""
    seen = [
        _line("_:a" if term == node else "_:z" if _is_nameless(term) else term for term in triple)
        for triple in triples
        if node in triple
    ]
    return sha256("".join(sorted(seen)).encode()).hexdigest()


def _is_nameless(term: str) -> bool:
    return term.startswith("_:")


def _line(terms: Iterable[str]) -> str:
    return f"{' '.join(terms)} .\n"
