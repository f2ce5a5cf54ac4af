"""Importing again changes nothing; what is gone is withdrawn; what belongs to others is never touched."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.federation.difference import Difference, Holder, Known, difference

OURS = Known(Holder.OURS, "d1")
THEIRS = Known(Holder.OTHERS, "d1")
GONE = Known(Holder.OURS, "d1", withdrawn=True)


def test_each_case() -> None:
    known = {
        "same": OURS,
        "changed": OURS,
        "theirs": THEIRS,
        "back": GONE,
        "gone": OURS,
        "long gone": GONE,
        "broken": OURS,
    }
    wanted = {"new": "d1", "same": "d1", "changed": "d2", "theirs": "d1", "back": "d1"}
    assert difference(known, wanted, ["broken"]) == Difference(
        new=("new",), changed=("changed",), returned=("back",), unchanged=("same",), taken=("theirs",), gone=("gone",)
    )


def test_an_entry_of_others_is_not_withdrawn_when_the_file_leaves_it_out() -> None:
    assert difference({"theirs": THEIRS}, {}, []) == Difference()


_DIGESTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["1", "2"]))
_KNOWN = st.dictionaries(
    st.sampled_from("abcdef"), st.builds(Known, st.sampled_from(Holder), st.sampled_from(["1", "2"]), st.booleans())
)


@given(_KNOWN, _DIGESTS, st.sets(st.sampled_from("abcdef")))
def test_applying_a_difference_leaves_none(known: dict[str, Known], wanted: dict[str, str], broken: set[str]) -> None:
    """For any graph and file: after that the same file asks for nothing more; others' entries are as they were."""
    broken -= set(wanted)
    found = difference(known, wanted, broken)
    after = dict(known)
    after |= {identifier: Known(Holder.OURS, wanted[identifier]) for identifier in found.to_write}
    after |= {identifier: Known(Holder.OURS, known[identifier].digest, withdrawn=True) for identifier in found.gone}
    again = difference(after, wanted, broken)
    assert not again.to_write
    assert not again.gone
    others = {key: entry for key, entry in known.items() if entry.holder is Holder.OTHERS}
    assert {key: after[key] for key in others} == others
    parts = (found.new, found.changed, found.returned, found.unchanged, found.taken)
    assert sorted(identifier for part in parts for identifier in part) == sorted(wanted)
