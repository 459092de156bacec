"""One cell is one request: by whom, how, where, on whose thing. What must come of it, `policy.yaml` alone says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.contrib.messages import ERROR, get_messages
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client

from lms.permissions import Rule, policy

from .addresses import Address
from .things import MAKERS, OWN
from .world import SIDES, Found, Walker, World

ALLOWED, SIGN_IN, FORBIDDEN, ABSENT, METHOD, ERROR_500 = (
    "allowed",
    "to sign in",
    "403",
    "404",
    "405",
    "500",
)
REFUSED = frozenset({FORBIDDEN, ABSENT})
METHODS = ("GET", "POST")
# Of these nothing is asked: everybody's session may be written down.
MAY_BE_WRITTEN = ("django_session",)


@dataclass(frozen=True)
class Cell:
    """A request to be made. `kind` and `side` are empty where the address names no thing."""

    walker: Walker
    method: str
    address: Address
    kind: str = ""
    side: str = ""

    def __str__(self) -> str:
        thing = f" · {self.kind} {self.side}" if self.kind else ""
        return f"{self.walker.name} · {self.method} {self.address.view_name} {self.address.route}{thing}"


# What the table says -----------------------------------------------------------------------------------------------


def holds(walker: Walker, access: str) -> bool:
    """Whether a walker has an access, wherever it may reach."""
    actions = policy()["actions"]
    if access == "superuser" or walker.role == "superuser":
        return walker.role == "superuser" and access != "nobody"
    return access in actions and (walker.role in actions[access] or "learner" in actions[access])


def reaches(walker: Walker, kind: str, side: str) -> bool:
    """Whether somebody who may do something reaches a thing. What is at home is within reach of all of them."""
    scope = policy()["objects"][kind]
    if scope in {"person", "all"}:
        return side == "home" or scope == "all"
    everywhere = holds(walker, scope) if scope in policy()["actions"] else walker.scope == "nation"
    return side == "home" or everywhere


def _if(condition: bool, otherwise: str) -> frozenset[str]:
    return frozenset({ALLOWED if condition else otherwise})


def _of_anybody(cell: Cell, access: str) -> frozenset[str] | None:
    """For the accesses that ask for no role; None for the others."""
    is_known, is_home = cell.walker.person is not None, cell.side == "home"
    if access == "owner":
        is_own = policy()["objects"][cell.kind] == "person" and is_home
        return _if(is_own, ABSENT) if is_known else frozenset({SIGN_IN})
    return {
        "public": frozenset({ALLOWED}),
        "closed": frozenset({ALLOWED, SIGN_IN}),
        "token": frozenset({ALLOWED}) if is_known and is_home else REFUSED,
        "signed_in": _if(is_known, SIGN_IN),
        "nobody": frozenset({ABSENT}) if is_known else frozenset({ABSENT, SIGN_IN}),
    }.get(access)


def _of_a_role(cell: Cell, access: str) -> frozenset[str]:
    """For actions: who may not is told so; whoever may does not find what lies out of reach."""
    if cell.walker.person is None:
        return frozenset({SIGN_IN})
    inside = holds(cell.walker, "open_back_office") or not cell.address.route.startswith("/cms/")
    if not (inside and holds(cell.walker, access)):
        return REFUSED if cell.kind else frozenset({FORBIDDEN})
    return _if(not cell.kind or reaches(cell.walker, cell.kind, cell.side), ABSENT)


def expected(cell: Cell, rule: Rule) -> frozenset[str]:
    """The verdicts that the table allows: any access of the row will do, and who has none is refused."""
    found = [_of_anybody(cell, access) or _of_a_role(cell, access) for access in rule.access(cell.method)]
    allowing = [verdicts for verdicts in found if ALLOWED in verdicts]
    if allowing:
        return allowing[0]
    absent = frozenset({ABSENT})
    return absent if absent in found else found[0]


# What happens ------------------------------------------------------------------------------------------------------


class Writes:
    """Counts what a request writes into the database."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, execute, sql, params, many, context):
        verb = sql.lstrip()[:6].upper()
        if verb in {"INSERT", "UPDATE", "DELETE"} and not any(table in sql[:80] for table in MAY_BE_WRITTEN):
            self.seen.append(sql[:160])
        return execute(sql, params, many, context)


@contextmanager
def thrown_away() -> Iterator[Writes]:
    """Whatever is written within is counted and undone."""
    writes = Writes()
    with transaction.atomic():
        with connection.execute_wrapper(writes):
            yield writes
        transaction.set_rollback(True)


def verdict(answer: HttpResponseBase) -> str:
    """The class of an answer. Wagtail refuses by leading home with an error on the page."""
    status, url = answer.status_code, urlsplit(answer.headers.get("Location", ""))
    if status == 401 or (status in {301, 302} and url.path in {"/entrar/", "/cms/login/"}):
        return SIGN_IN
    if status == 302 and url.path == "/cms/":
        told = [message.level for message in get_messages(answer.wsgi_request)]
        return FORBIDDEN if ERROR in told else ALLOWED
    named = {403: FORBIDDEN, 404: ABSENT, 410: ABSENT, 405: METHOD}
    if status in named:
        return named[status]
    return ERROR_500 if status >= 500 else ALLOWED


@dataclass(frozen=True)
class Outcome:
    """What came of a cell: the class of the answer, what was written, and why it broke, if it did."""

    verdict: str
    status: int = 0
    writes: tuple[str, ...] = ()
    trouble: str = ""


def ask(world: World, cell: Cell) -> Outcome:
    """Make the request and undo it."""
    found = world.find(cell.kind, cell.side, cell.walker) if cell.kind else Found()
    path = cell.address.filled(found.keys, found.query) if cell.kind else cell.address.sample()
    client = Client(raise_request_exception=False)
    for name, value in cell.walker.cookies.items():
        client.cookies[name] = value
    sent = found.headers if cell.walker.person else {}
    with thrown_away() as writes:
        answer = client.get(path) if cell.method == "GET" else client.post(path, found.data, headers=sent)
        if answer.streaming:
            b"".join(answer)  # and closes the file behind it
    trouble = repr(answer.exc_info[1]) if getattr(answer, "exc_info", None) else ""
    return Outcome(verdict(answer), answer.status_code, tuple(writes.seen), trouble)


# Both together -----------------------------------------------------------------------------------------------------


def cells_of(address: Address, rule: Rule, world: World) -> Iterator[Cell]:
    """Every walker × reading and writing × the thing at home and abroad."""
    kinds = {}
    if rule.of:
        sample = world.find(rule.of, "home", world.walkers["superuser"])
        is_named = address.names or sample.query or sample.data
        kinds = {"kind": rule.of} if is_named else {}
    for walker in world.walkers.values():
        for method in METHODS:
            base = Cell(walker, method, address, **kinds)
            yield from [replace(base, side=side) for side in SIDES] if kinds else [base]


def unfilled(world: World, address: Address, rule: Rule) -> set[str]:
    """The keys that no maker of a thing fills in. Behind a closed door it does not matter what an address names."""
    if {"closed", "nobody"} & {*rule.get, *rule.post}:
        return set()
    known = world.find(rule.of, "home", world.walkers["superuser"]).keys if rule.of else {}
    return set(address.names) - set(known)


def differences(world: World, addresses: list[Address]) -> list[str]:
    """The cells where the house does not do what the table says, each as a line."""
    return [line for address in addresses for line in _differences(world, address)]


def _differences(world: World, address: Address) -> list[str]:
    rule, what = address.rule, f"{address.view_name} {address.route}"
    if rule is None:
        return [f"{what}: no row in policy.yaml"]
    if rule.of and rule.of not in {*MAKERS, *OWN}:
        return [f"{what}: nobody makes {rule.of} (tests/matrix/things.py)"]
    if missing := unfilled(world, address, rule):
        return [f"{what}: its row names no kind of object with {missing} (of: …)"]
    wrong: list[str] = []
    methods: dict[str, set[str]] = {"GET": set(), "POST": set()}
    for cell in cells_of(address, rule, world):
        wrong += judge(cell, rule, ask(world, cell), methods)
    return wrong + [
        f"{what}: {method} exists for some only: {sorted(found)}"
        for method, found in methods.items()
        if METHOD in found and ALLOWED in found
    ]


def judge(cell: Cell, rule: Rule, outcome: Outcome, methods: dict[str, set[str]]) -> list[str]:
    """What is wrong with an outcome, if anything. A method that does not exist is no answer, whoever asks."""
    wanted = expected(cell, rule)
    if ALLOWED in wanted and outcome.verdict in {ALLOWED, METHOD}:
        methods[cell.method].add(outcome.verdict)
    if outcome.verdict not in wanted | {METHOD}:
        wish, status = " or ".join(sorted(wanted)), "" if outcome.verdict == str(outcome.status) else outcome.status
        return [" ".join(f"{cell}: {outcome.verdict}, expected {wish} {status} {outcome.trouble}".split())]
    if ALLOWED not in wanted and outcome.writes:
        return [f"{cell}: refused, but wrote {outcome.writes[0]}"]
    return []
