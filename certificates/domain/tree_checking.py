"""Reading the tree over the log anew from its leaves, and all that was ever published of it. Nothing is written."""

from collections.abc import Iterator
from itertools import zip_longest

from certificates.models import Checkpoint, LogLeaf, LogNode
from lms.models import AuditEvent

from . import checkpoints, log, merkle


def find_faults() -> Iterator[str]:
    """Each fault as a sentence that names its row."""
    roots = dict(Checkpoint.objects.values_list("size", "root"))
    yield from _nodes(roots)
    for size, root in roots.items():
        yield f"checkpoint of {size} leaves: there are not as many, or they do not make the root {root[:12]}"
    for made in Checkpoint.objects.order_by("day"):
        if not checkpoints.holds(made):
            yield f"checkpoint of {made.day}: its note is not what a key of the log signed of it"
    yield from _signed()


def _signed() -> Iterator[str]:
    """What the trail tells of having been signed is there."""
    kept = {f"certificates.Checkpoint:{one.day}": (one.size, one.root) for one in Checkpoint.objects.all()}
    for told in AuditEvent.objects.filter(action="log.checkpoint_signed").order_by("pk"):
        if kept.get(told.subject) != (told.facts["size"], told.facts["root"]):
            yield f"checkpoint of {told.subject.rpartition(':')[2]}: is not the one that the trail tells of"


def _nodes(roots: dict[int, str]) -> Iterator[str]:
    """Compare what is kept with what the leaves make; takes those out of `roots` that hold."""
    frontier: dict[merkle.Place, bytes] = {}
    made = _made(frontier, roots)
    kept = LogNode.objects.order_by("pk").values_list("level", "index", "digest").iterator(chunk_size=2000)
    for should, is_there in zip_longest(made, kept):
        if should is None or is_there is None or should[:2] != is_there[:2]:
            yield _misplaced(should, is_there)
            break
        if should != is_there:
            yield f"node {should[0]}/{should[1]}: its digest is not that of what is below it"
    for _rest in made:  # checkpoints that come after the fault are looked at all the same
        pass


def _made(frontier: dict[merkle.Place, bytes], roots: dict[int, str]) -> Iterator[tuple[int, int, str]]:
    """The nodes in the order in which they were appended, from the entries alone; only the right edge is held."""
    if roots.get(0) == merkle.EMPTY_ROOT.hex():
        roots.pop(0)
    entries = LogLeaf.objects.order_by("index").values_list("entry", flat=True)
    for index, entry in enumerate(entries.iterator(chunk_size=1000)):
        grown = merkle.grow(index, log.digest_of(entry), frontier)
        yield from ((level, place, digest.hex()) for (level, place), digest in grown.items())
        frontier |= grown
        size = index + 1
        edge = set(merkle.tiles((0, size)))
        for place in [place for place in frontier if place not in edge]:
            del frontier[place]
        if size in roots and roots[size] == merkle.fold((0, size), frontier).hex():
            roots.pop(size)


def _misplaced(should: tuple | None, is_there: tuple | None) -> str:
    wanted = f"{should[0]}/{should[1]}" if should else "none"
    found = f"{is_there[0]}/{is_there[1]}" if is_there else "none"
    return f"node {found}: node {wanted} should come here"
