"""Who we are to machines."""

from urllib.parse import urlsplit


def did_of(address: str) -> str:
    """The identifier of whoever answers at an address (did:web): `did:web:aula.example.org`."""
    return f"did:web:{urlsplit(address).netloc.replace(':', '%3A')}"
