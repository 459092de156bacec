"""An S3 storage for tests: moto's server, behind a gate that asks what moto does not.

Moto takes every signature for a good one, at any time, and lists a bucket to strangers. The gate computes each
signature again (AWS Signature Version 4, of headers and of addresses), looks at its end, and lets browsers of other
origins read by the bucket's CORS rules alone.
"""

import hmac
import http.client
import logging
import re
import threading
import time
from calendar import timegm
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode

import boto3
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.webserver import Answer

KEY, SECRET, REGION = "AKIATESTS", "only-for-tests", "us-east-1"
PIECE = 8 * 1024
SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/s3/aws4_request, "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Seen:
    """A request that was answered."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    range: str
    origin: str


class Refused(Exception):
    """What the storage says with its 403."""


@dataclass
class Gate:
    """What stands before moto. `rules` are the bucket's CORS rules; `is_open` lets everything pass, `is_terse` refuses
    without a word: Chromium takes that for an end at once, and tries the other for half a minute.

    What `fails` says of a request is that it does. After `most_bytes` of an answer no more of it comes.
    """

    app: Callable
    rules: list[dict] = field(default_factory=list)
    is_open: bool = False
    is_terse: bool = False
    seen: list[Seen] = field(default_factory=list)
    fails: Callable[[Request], bool] | None = None
    most_bytes: int | None = None
    held: threading.Event = field(default_factory=threading.Event)
    _holds: Callable[[Request], bool] | None = None
    _go_on: threading.Event = field(default_factory=threading.Event)
    _used: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        request = Request(environ)

        def start(line: str, headers: list, *more: object):
            told = request.headers.get("Range", ""), request.headers.get("Origin", "")
            self.seen.append(Seen(request.method, request.path, dict(request.args), int(line[:3]), *told))
            kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
            return start_response(line, kept + self._for_others(request), *more)

        answer = self._answer(request)(environ, start)
        return self._in_part(answer, self.most_bytes) if self.most_bytes and request.method == "GET" else answer

    def _in_part(self, answer: Iterable[bytes], left: int) -> Iterator[bytes]:
        for chunk in answer:
            for start in range(0, len(chunk), PIECE):
                if left <= 0:
                    self._go_on.wait()
                yield chunk[start : start + PIECE]
                left -= PIECE

    def begin(self) -> None:
        """As new."""
        self.let_go()
        self._go_on = threading.Event()
        self.seen.clear()
        self.rules, self.is_open, self.is_terse, self.fails, self.most_bytes = [], False, False, None, None

    def hold(self, which: Callable[[Request], bool]) -> None:
        """Keep such requests waiting from now on; `held` says that there is one."""
        self._holds = which
        self.held.clear()

    def let_go(self) -> None:
        """Let them go on."""
        self._holds = None
        self._go_on.set()

    def end_addresses(self) -> None:
        """Let every address that was used be one that expired; one that is signed from the next second on is new."""
        self._ended |= self._used
        second = int(time.time())
        while int(time.time()) == second:
            time.sleep(0.02)

    def _answer(self, request: Request) -> Callable:
        if request.method == "OPTIONS":
            return Response(status=200 if self._for_others(request) else 403)
        try:
            if not self.is_open:
                self._check(request)
        except Refused as refused:
            if self.is_terse:
                return Response(status=403)
            text = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>{refused}</Message></Error>"
            return Response(text, status=403, content_type="application/xml")
        if self._holds and self._holds(request):
            self.held.set()
            self._go_on.wait()
        if self.fails and self.fails(request):
            return Response(status=400)
        return self.app

    def _check(self, request: Request) -> None:
        if "X-Amz-Signature" in request.args:
            self._check_address(request)
        elif found := SIGNED.fullmatch(request.headers.get("Authorization", "")):
            headers = {name: request.headers[name] for name in found["headers"].split(";")}
            auth = S3SigV4Auth(_credentials(found["key"]), "s3", found["region"])
            asked = AWSRequest(request.method, _address(request), headers)
            asked.context["timestamp"] = headers["x-amz-date"]
            _compare(found["signature"], auth, asked)
        else:
            raise Refused("Access Denied")

    def _check_address(self, request: Request) -> None:
        facts = request.args
        begins = timegm(time.strptime(facts["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        if facts["X-Amz-SignedHeaders"] != "host" or not 1 <= int(facts["X-Amz-Expires"]) <= 7 * 24 * 3600:
            raise Refused("AuthorizationQueryParametersError")
        if begins + int(facts["X-Amz-Expires"]) < time.time() or facts["X-Amz-Signature"] in self._ended:
            raise Refused("Request has expired")
        key, _day, region, *_rest = facts["X-Amz-Credential"].split("/")
        auth = S3SigV4QueryAuth(_credentials(key), "s3", region, expires=int(facts["X-Amz-Expires"]))
        base, _mark, query = _address(request).partition("?")
        rest = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "X-Amz-Signature"]
        address = f"{base}?{urlencode(rest, quote_via=quote)}"
        asked = AWSRequest(request.method, address, {"host": request.host})
        asked.context["timestamp"] = facts["X-Amz-Date"]
        _compare(facts["X-Amz-Signature"], auth, asked)
        self._used.add(facts["X-Amz-Signature"])

    def _for_others(self, request: Request) -> list[tuple[str, str]]:
        """The headers that let a page of another origin read the answer; none where no rule names it."""
        origin = request.headers.get("Origin")
        method = request.headers.get("Access-Control-Request-Method", request.method)
        asked = {name.strip().lower() for name in request.headers.get("Access-Control-Request-Headers", "").split(",")}
        for rule in self.rules:
            allowed = {name.lower() for name in rule.get("AllowedHeaders", [])}
            if origin in rule["AllowedOrigins"] and method in rule["AllowedMethods"] and asked - {""} <= allowed:
                return [
                    ("Access-Control-Allow-Origin", origin),
                    ("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])),
                    ("Access-Control-Allow-Headers", ", ".join(rule.get("AllowedHeaders", []))),
                    ("Access-Control-Expose-Headers", ", ".join(rule.get("ExposeHeaders", []))),
                    ("Vary", "Origin"),
                ]
        return []


def _address(request: Request) -> str:
    """As it was asked for, nothing decoded."""
    return f"http://{request.host}{request.environ['REQUEST_URI']}"


def _credentials(key: str) -> Credentials:
    if key != KEY:
        raise Refused("InvalidAccessKeyId")
    return Credentials(KEY, SECRET)


def _compare(given: str, auth: S3SigV4Auth, asked: AWSRequest) -> None:
    if not hmac.compare_digest(given, auth.signature(auth.string_to_sign(asked, auth.canonical_request(asked)), asked)):
        raise Refused("SignatureDoesNotMatch")


class _Quiet(WSGIRequestHandler):
    def log(self, *_words: object) -> None:
        """Nothing to anybody."""


@dataclass
class Server:
    """One that runs, on a free port."""

    gate: Gate
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self):
        """Its owner's."""
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 0})
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": REGION}
        return boto3.client("s3", endpoint_url=self.url, config=config, **keys)

    def ask(self, url: str, *, method: str = "GET", **headers: str) -> Answer:
        """One request of a stranger, who has nothing but an address."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, url.removeprefix(self.url), headers=headers)
            found = connection.getresponse()
            return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        finally:
            connection.close()

    def bucket(self, name: str) -> "Bucket":
        """One of its buckets."""
        return Bucket(self, name)

    def environment(self, bucket: str) -> dict[str, str]:
        """What an installation would say that keeps its files there."""
        return {
            "AULA_S3_BUCKET": bucket,
            "AULA_S3_ENDPOINT": self.url,
            "AULA_S3_ACCESS_KEY": KEY,
            "AULA_S3_SECRET_KEY": SECRET,
        }


@dataclass
class Bucket:
    """One bucket of the server, in which an installation keeps its files."""

    server: Server
    name: str

    @property
    def gate(self) -> Gate:
        """What stands before it."""
        return self.server.gate

    @property
    def names(self) -> set[str]:
        """Every file in it."""
        pages = self.server.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {one["Key"] for page in pages for one in page.get("Contents", ())}

    @property
    def halves(self) -> list[dict]:
        """Files that came in part."""
        return self.server.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])

    def read(self, name: str) -> bytes:
        """What lies under a name."""
        return self.server.client.get_object(Bucket=self.name, Key=name)["Body"].read()

    def write(self, name: str, content: bytes) -> None:
        """Over what lies there."""
        self.server.client.put_object(Bucket=self.name, Key=name, Body=content)


@contextmanager
def running() -> Iterator[Server]:
    """Start it in threads of this process; they end with the block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    gate = Gate(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Server(gate, server.server_port)
    finally:
        gate.let_go()
        server.shutdown()
        server.server_close()
        thread.join(10)
