"""Django's sessions in the database, each written once where it begins."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.utils.crypto import get_random_string


class SessionStore(db.SessionStore):
    """Django writes a session that gets a new key twice, in two transactions, and asks first whether the key is free.

    Here the new key is written with what the session holds in the end, and what is written already is not written
    again.
    """

    _written: tuple[str, str] | None = None

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

    def _state(self) -> tuple[str, str]:
        return self.session_key, self.serializer().dumps(self._get_session()).decode("latin-1")
