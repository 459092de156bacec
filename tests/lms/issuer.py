"""A small OpenID Connect issuer: real HTTP, signed tokens, PKCE; it says of people what a test tells it to."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "aula", "un-secreto-compartido"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FOREIGN_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """What it says of whoever asks next, and what it was asked."""

    def __init__(self) -> None:
        self.claims: dict = {}
        self.told: dict | None = None
        self.key = KEY
        self.audience = CLIENT
        self.codes: dict[str, dict] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (_Answers,), {"issuer": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def authorise(self, address: str) -> dict[str, str]:
        """What a browser carries back after the person signed in over there."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(12)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def token(self) -> str:
        """The signed identity token."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": self.audience, "iat": now, "exp": now + 300, **self.claims}
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "una"})


class _Answers(BaseHTTPRequestHandler):
    issuer: Issuer

    def do_GET(self) -> None:
        url = self.issuer.url
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
        answers = {
            "/.well-known/openid-configuration": {
                "issuer": url,
                "authorization_endpoint": f"{url}/autorizar",
                "token_endpoint": f"{url}/token",
                "userinfo_endpoint": f"{url}/quien",
                "jwks_uri": f"{url}/llaves",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            },
            "/llaves": {"keys": [{**public, "kid": "una", "alg": "RS256", "use": "sig"}]},
            "/quien": self.issuer.claims if self.issuer.told is None else self.issuer.told,
        }
        self._say(answers.get(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        asked = self.issuer.codes.pop(sent.get("code", ""), None)
        proof = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        fits = asked and asked["code_challenge"] == base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if not fits or sent["client_secret"] != SECRET or sent["redirect_uri"] != asked["redirect_uri"]:
            self._say(None)
            return
        token = {"access_token": "una", "token_type": "Bearer", "expires_in": 300, "id_token": self.issuer.token()}
        self._say(token)

    def _say(self, answer: dict | None) -> None:
        self.send_response(200 if answer is not None else 400)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer or {"error": "invalid_request"}).encode())

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@contextmanager
def running() -> Iterator[Issuer]:
    """An issuer that listens on a port of its own."""
    issuer = Issuer()
    Thread(target=issuer.server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        issuer.server.shutdown()
        issuer.server.server_close()
