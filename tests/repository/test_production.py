"""Production is the environment alone: the same code, PostgreSQL, Redis, https, and no warning."""

import re
import subprocess
import sys
import urllib.request

import pytest

from media import sandbox
from tests import services
from tests.system import PROGRAMS, ROOT, System, wait_until

PUBLIC_URL = "https://aula.example.org"
REQUIRED = {
    "AULA_MODE": "production",
    "AULA_PUBLIC_URL": PUBLIC_URL,
    "AULA_SECRET_KEY": "s" * 25 + "e" * 25 + "cret-of-a-test",
    "AULA_IDENTITY_KEY": "i" * 25 + "d" * 25 + "entity-of-a-test",
    "AULA_LOG_LEVEL": "WARNING",
}


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    """An installation with a real environment of production; nothing runs yet."""
    with services.running() as addresses:
        folder = tmp_path_factory.mktemp("production")
        system = System(folder, **(REQUIRED | addresses))
        system.manage("make_seal_keys")
        yield system
        system.stop()


def ask(system: System, path: str, **headers: str):
    """A request as the proxy passes it on."""
    request = urllib.request.Request(f"http://127.0.0.1:{system.port}{path}", headers=headers)
    return urllib.request.build_opener(NoRedirect).open(request, timeout=10)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Shows a redirect instead of following it."""

    def http_error_301(self, request, file, code, message, headers):
        return file


def test_the_deployment_check_has_nothing_to_say(production):
    command = [sys.executable, "manage.py", "check", "--deploy", "--no-color"]
    answer = subprocess.run(command, cwd=ROOT, env=production.environment, capture_output=True, text=True, check=False)
    said = answer.stdout + answer.stderr
    assert "System check identified" in said
    # Where the machine forbids namespaces, as some containers do, the check is right to say so.
    expected = set() if sandbox.has_bubble() else {"media.W001"}
    assert set(re.findall(r"\(([a-z_0-9]+\.[A-Z]\d+)\)", said)) == expected


def test_the_web_process_answers_behind_a_proxy(production):
    production.manage("collectstatic", "--noinput", "-v", "0")
    production.start("web", str(PROGRAMS / "gunicorn"), "lms.wsgi", "--bind", f"127.0.0.1:{production.port}")
    host = {"Host": "aula.example.org"}

    def answers() -> bool:
        try:
            return ask(production, "/salud/", **host).status == 200
        except OSError:
            return False

    wait_until(answers, 30, lambda: production.log("web"))
    refused = ask(production, "/", **host)
    assert (refused.status, refused.headers["Location"]) == (301, f"{PUBLIC_URL}/")
    page = ask(production, "/entrar/", **host, **{"X-Forwarded-Proto": "https"})
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Secure" in page.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "missing", ["AULA_PUBLIC_URL", "AULA_SECRET_KEY", "AULA_IDENTITY_KEY", "REDIS_URL", "DATABASE_URL"]
)
def test_production_refuses_to_start_without(missing, tmp_path):
    environment = {**REQUIRED, "DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1/0"}
    del environment[missing]
    environment |= {"PATH": "/usr/bin:/bin", "AULA_VAR_DIR": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert f"ImproperlyConfigured: {missing}" in answer.stderr
