"""Django's sessions in the database, each written once where it begins, and read together with whose it is."""

import hashlib
from collections.abc import Callable
from functools import cache, lru_cache

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.core import signing
from django.utils import timezone
from django.utils.crypto import get_random_string

from lms.models import Person, RoleGrant, reading


class _Hints:
    """Whose a session was when this process last read it, by the digest of its key.

    It only says which person is asked for together with the session. What it says is never believed: the session's own
    row decides, and both rows are read anew each time.
    """

    MOST = 20_000

    def __init__(self) -> None:
        self._people: dict[bytes, int] = {}

    def get(self, key: str) -> int:
        return self._people.get(self._digest(key), 0)

    def note(self, key: str, person: int) -> None:
        if len(self._people) >= self.MOST:
            self._people.clear()
        self._people[self._digest(key)] = person

    @staticmethod
    def _digest(key: str) -> bytes:
        return hashlib.blake2b(key.encode(), digest_size=16).digest()


hints = _Hints()


@cache
def _statement(table: str) -> str:
    """The session, whether the person hinted at holds a role, and that person."""
    grants = RoleGrant._meta.db_table
    return (
        "SELECT kept.session_data, EXISTS (SELECT 1 FROM "  # noqa: S608 own names
        f"{grants} held WHERE held.person_id = who.id AND held.starts_at <= %s"
        " AND (held.ends_at IS NULL OR held.ends_at > %s)), "
        f"{reading.columns(Person, 'who')} FROM {table} kept LEFT JOIN {Person._meta.db_table} who ON who.id = %s"
        " WHERE kept.session_key = %s AND kept.expire_date > %s"
    )


class _AsItIs:
    """What was signed, before anything is made of it."""

    def loads(self, plain: bytes) -> bytes:
        return plain


@lru_cache(4096)
def _unsealed(sealed: str, salt: str) -> bytes:
    """What is signed in a row of a session. Raises `BadSignature`.

    The same text never says anything else. Which text stands in the row is read at every request.
    """
    return signing.loads(sealed, salt=salt, serializer=_AsItIs)


class SessionStore(db.SessionStore):
    """Django writes a session that gets a new key twice, in two transactions, and asks first whether the key is free.

    Here the new key is written with what the session holds in the end, and what is written already is not written
    again. Who signed in comes along with the session that is read: `person`, with `holds_role` (whether any role of
    theirs was in force); None where that was not known beforehand.
    """

    _written: tuple[str, str] | None = None
    person: Person | None = None

    def load(self) -> dict:
        """What the session holds, by one statement with its person."""
        key = self.session_key
        if key is None or "\0" in key:
            self._session_key = None
            return {}
        return self._read(reading.ask(*self._asked(hints.get(key))))

    def going_first(self, hinted: int, then: Callable[[], None]) -> reading.First:
        """The statement of `load`, to go out before others. `then` is called once the session is read, and may refuse.

        `hinted` is whose the session may be; its row decides.
        """

        def take(rows: list[tuple]) -> None:
            self._session_cache = self._read(rows)
            then()

        return reading.First(self._asked(hinted), take)

    def _asked(self, hinted: int) -> tuple[str, list]:
        now = reading.at(timezone.now())
        return _statement(self.model._meta.db_table), [now, now, hinted, self.session_key, now]

    def _read(self, found: list[tuple]) -> dict:
        if not found:
            self._session_key = None
            return {}
        (kept, holds_role, *columns) = found[0]
        data = self.decode(kept)
        self._take(reading.build(Person, columns), bool(holds_role), str(data.get(SESSION_KEY, "")))
        return data

    def decode(self, session_data: str) -> dict:
        """As Django's, without looking anew at a seal that was found good."""
        try:
            return self.serializer().loads(_unsealed(session_data, self.key_salt))
        except Exception:
            return super().decode(session_data)

    def _take(self, person: Person | None, holds_role: bool, owner: str) -> None:
        if person is not None and str(person.pk) == owner:
            person.holds_role = holds_role
            self.person = person
        else:
            self._note(owner)

    def _note(self, owner: str) -> None:
        if owner.isdecimal() and self.session_key:
            hints.note(self.session_key, int(owner))

    def cycle_key(self) -> None:
        """A new key for what the session holds. The old one opens nothing from now on; `save` writes the new one."""
        data, old = self._session, self.session_key
        self._session_key, self._session_cache, self.modified = None, data, True
        if old:
            self.delete(old)

    def create(self) -> None:
        """Write a new row. Of 36^32 keys none comes twice; the table would refuse it."""
        self._session_key = get_random_string(32, VALID_KEY_CHARS)
        self.create_model_instance(self._get_session(no_load=True)).save(force_insert=True)
        self._written = self._state()
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Write what changed since this request wrote it."""
        if self.session_key is None or must_create:
            self.create()
        elif self._state() != self._written:
            super().save()
            self._written = self._state()
        self._note(str(self._get_session(no_load=True).get(SESSION_KEY, "")))

    def _state(self) -> tuple[str, str]:
        return self.session_key, self.serializer().dumps(self._get_session()).decode("latin-1")
