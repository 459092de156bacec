"""Ways to send a text to a telephone. `AULA_SMS_GATEWAY` names one, or the dotted path of a callable like them.

A text holds a code, so it is never logged here; `console` and `file` show it on purpose, for demonstrations and trials.
"""

import sys
from datetime import datetime
from uuid import uuid4

import requests
from django.conf import settings
from django.utils.module_loading import import_string


class GatewayFailed(Exception):
    """The message was not taken; it may be tried again. Says nothing of the text or the number."""


def is_open() -> bool:
    """Whether texts can be sent at all."""
    return bool(settings.SMS_GATEWAY)


def send_text(to: str, text: str) -> None:
    """Send `text` to the eight digits `to` by the gateway in force. Raises `GatewayFailed`."""
    name = settings.SMS_GATEWAY
    if not name:
        raise GatewayFailed("no gateway is set")
    ways = {"console": by_console, "file": by_file, "http": by_http}
    (ways.get(name) or import_string(name))(to=to, text=text)


def by_console(*, to: str, text: str) -> None:
    """Onto the worker's own output."""
    sys.stdout.write(f"SMS {to}: {text}\n")
    sys.stdout.flush()


def by_file(*, to: str, text: str) -> None:
    """Into a file under `var/messages/`, and onto the worker's own output."""
    settings.MESSAGES_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.MESSAGES_DIR / f"{datetime.now():%Y%m%d-%H%M%S}-{uuid4().hex[:8]}.txt"
    path.write_text(f"{to}\n{text}\n", encoding="utf-8")
    by_console(to=to, text=text)


def by_http(*, to: str, text: str) -> None:
    """As JSON to a provider's address, the way `AULA_SMS_BODY` is written; any answer but 2xx is a failure."""
    body = {
        name: value.replace("{to}", to).replace("{text}", text) if isinstance(value, str) else value
        for name, value in settings.SMS_BODY.items()
    }
    headers = {"Authorization": f"Bearer {settings.SMS_TOKEN}"} if settings.SMS_TOKEN else {}
    try:
        answer = requests.post(
            settings.SMS_URL,
            json=body,
            headers=headers,
            timeout=settings.SMS_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as problem:
        # Its own words may name the address with what stands in it.
        raise GatewayFailed(type(problem).__name__) from None
    if not 200 <= answer.status_code < 300:
        raise GatewayFailed(f"the gateway answered {answer.status_code}")
