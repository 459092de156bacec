"""The tree over the log, beside the words of RFC 9162 written down once more and the roots that are known of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.domain import merkle
from tests.certificates import rfc9162

# Inputs and roots of the reference tests of Certificate Transparency (google/certificate-transparency).
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def grown(leaves: list[bytes]) -> dict[merkle.Place, bytes]:
    """The nodes after all leaves were appended one by one, each seeing only what it asks for."""
    known: dict[merkle.Place, bytes] = {}
    for index, data in enumerate(leaves):
        asked = {place: known[place] for place in merkle.left_of(index)}
        made = merkle.grow(index, merkle.leaf_digest(data), asked)
        assert not set(made) & set(known), "a node that was kept never changes"
        known |= made
    return known


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS)))
def test_the_roots_are_those_that_everybody_knows(size, root):
    known = grown([bytes.fromhex(one) for one in INPUTS])
    assert merkle.fold((0, size), known).hex() == root


sizes = st.integers(1, 70)


@given(sizes, st.data())
def test_every_proof_of_inclusion_convinces_a_stranger_and_no_other_leaf(size, data):
    leaves = [str(number).encode() for number in range(size)]
    known = grown(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = [merkle.fold(stretch, known) for stretch in merkle.inclusion(index, size)]
    root = rfc9162.root(leaves)
    assert merkle.fold((0, size), known) == root
    assert rfc9162.includes(leaves[index], index, size, path, root)
    assert not rfc9162.includes(b"another", index, size, path, root)
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index)) if size > 1 else None
    if other is not None:
        assert not rfc9162.includes(leaves[index], other, size, path, root)


@given(sizes, st.data())
def test_every_proof_of_consistency_convinces_a_stranger_and_a_changed_past_does_not(size, data):
    leaves = [str(number).encode() for number in range(size)]
    known = grown(leaves)
    first = data.draw(st.integers(1, size))
    path = [merkle.fold(stretch, known) for stretch in merkle.consistency(first, size)]
    old, new = rfc9162.root(leaves[:first]), rfc9162.root(leaves)
    assert rfc9162.is_consistent(first, size, old, new, path)
    changed = [b"forged", *leaves[1:]]
    assert not rfc9162.is_consistent(first, size, old, rfc9162.root(changed), path)
    assert not rfc9162.is_consistent(first, size, rfc9162.root(changed[:first]), new, path)


def test_a_leaf_is_never_taken_for_a_node():
    """What keeps the two apart is one byte; without it a leaf could be made that stands for two others."""
    left, right = merkle.leaf_digest(b"a"), merkle.leaf_digest(b"b")
    assert merkle.leaf_digest(left + right) != merkle.node_digest(left, right)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_of_what_is_not_there(index, size):
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion(index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3), (-1, 3)])
def test_nothing_is_consistent_with_what_is_not_there(first, second):
    with pytest.raises(ValueError, match="nothing proves"):
        merkle.consistency(first, second)
