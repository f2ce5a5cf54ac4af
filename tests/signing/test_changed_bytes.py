"""A CMS file has bytes that no signature covers. Whatever is done to them, a verdict never says something else.

The property: a changed signature file is refused, or it establishes the same certificate, the same time and the same
algorithm for the same document as the one that was made.
"""

import copy
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.signing import (
    KeyUnusable,
    SignatureRefused,
    Step,
    Verified,
    load_pkcs12,
)
from gateway.signing.der import check_der
from tests.signing import trees
from tests.signing.city import City

EXAMPLES = 250
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)


def verdict(city: City, signature: bytes) -> Verified | None:
    """What a verification establishes; None when it refuses. Any other error is one of this test."""
    try:
        return city.verify(signature)
    except SignatureRefused:
        return None


def holds(city: City, made: bytes, changed: bytes) -> bool:
    """The property."""
    found = verdict(city, changed)
    return found is None or found == verdict(city, made)


def test_no_changed_byte_of_a_signature_changes_its_verdict(city: City, signature: bytes) -> None:  # R19
    """Every byte, each with another change."""
    made, left = city.verify(signature), 0
    for at in range(len(signature)):
        changed = bytearray(signature)
        changed[at] ^= 1 + (at * 37) % 255
        found = verdict(city, bytes(changed))
        assert found in {None, made}, f"byte {at}"
        left += found is not None
    # Most are covered: by a signature, by the shape, or by a chain.
    assert left < len(signature) // 50


@quick
@given(data=st.data())
def test_nor_does_any_other_value_of_a_byte(city: City, signature: bytes, data: st.DataObject) -> None:
    changed = bytearray(signature)
    changed[data.draw(st.integers(0, len(signature) - 1))] ^= data.draw(st.integers(1, 255))
    assert holds(city, signature, bytes(changed))


@quick
@given(data=st.data())
def test_nor_does_cutting_and_pasting(city: City, signature: bytes, data: st.DataObject) -> None:
    cut = sorted(data.draw(st.tuples(*[st.integers(0, len(signature))] * 2)))
    pasted = data.draw(st.one_of(st.just(b""), st.binary(max_size=40), st.just(signature[cut[0] : cut[1]] * 2)))
    assert holds(city, signature, signature[: cut[0]] + pasted + signature[cut[1] :])


@quick
@given(data=st.data())
def test_nor_does_a_change_of_structure(city: City, signature: bytes, data: st.DataObject) -> None:
    """Values are removed, doubled, replaced by others, emptied or retagged, with all lengths around them right."""
    tree = trees.parse(signature)
    for _ in range(data.draw(st.integers(1, 2))):
        node = data.draw(st.sampled_from(tree.all()))
        other = data.draw(st.sampled_from(tree.all()))
        content = node.content
        match data.draw(st.sampled_from(["remove", "double", "replace", "empty", "retag", "bytes"])):
            case "remove" if isinstance(content, list) and content:
                content.pop(data.draw(st.integers(0, len(content) - 1)))
            case "double" if isinstance(content, list) and content:
                content.append(copy.deepcopy(data.draw(st.sampled_from(content))))
            case "replace":
                replaced = copy.deepcopy(other)
                node.tag, node.content = replaced.tag, replaced.content
            case "empty":
                node.content = b"" if isinstance(content, bytes) else []
            case "retag":
                node.tag = data.draw(st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F))
            case _ if isinstance(content, bytes):
                node.content = data.draw(st.binary(max_size=24))
            case _:
                pass
    assert holds(city, signature, tree.encode())


@quick
@given(data=st.binary(max_size=200))
def test_bytes_of_nobody_are_refused_at_the_first_step(city: City, data: bytes) -> None:
    with pytest.raises(SignatureRefused) as refused:
        city.verify(data)
    assert refused.value.step is Step.SHAPE


@quick
@given(data=st.data())
def test_a_damaged_pkcs12_file_is_refused_or_still_the_same(pkcs12: bytes, data: st.DataObject) -> None:
    changed = bytearray(pkcs12)
    changed[data.draw(st.integers(0, len(pkcs12) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(KeyUnusable):
        assert load_pkcs12(bytes(changed), None).certificate == load_pkcs12(pkcs12, None).certificate


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "ends early"),
        ("3003020101ff", "follow after its end"),
        ("308003020101", "no definite length"),
        ("30810302010100", "shortest form"),
        ("3082000302010100", "shortest form"),
        ("30850000000003020101", "no definite length"),
        ("3004020101", "longer than what holds it"),
        ("3003020201", "longer than what holds it"),
        ("1f010100", "tag of several bytes"),
        ("300402020001", "integer"),
        ("30040202ffff", "integer"),
        ("30020200", "integer"),
        ("3003010101", "boolean"),
        ("2403040161", "tag"),
        ("1000", "tag"),
    ],
)
def test_der_has_one_spelling(data: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_der(bytes.fromhex(data))


def test_der_that_is_nested_without_end_is_refused() -> None:
    data = b""
    for _ in range(5000):
        data = trees.Node(0x30, data).encode()
    with pytest.raises(ValueError, match="deeper"):
        check_der(data)
