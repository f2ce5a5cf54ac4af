"""What an applicant sees before applying: which fields are had at once, which need an answer, which a negotiation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.sharing.entry import WAYS, Entry
from gateway.sharing.words import Procedure
from gateway.vocabulary import OpenType


@dataclass(frozen=True, slots=True)
class Way:
    """A procedure, and the fields that it leads to if nothing stricter is asked for together with them."""

    procedure: Procedure
    fields: Sequence[Mapping[str, str]]
    """Id and name of each; none where the entry shows its fields to nobody else."""


def ways_of(entry: Entry, *, for_agency: bool) -> Iterator[Way]:
    """The ways to the fields that somebody may know of, from the shortest to the longest.

    Between agencies by the sharing tier (article 16); for everybody else by the opening tier (article 24): nobody has
    to apply for what is open, and what is not opened cannot be applied for.
    """
    if not for_agency:
        named = [one for one in entry.fields if entry.tier_of(one).open is OpenType.CONDITIONAL]
        if named:
            yield Way(Procedure.OPENING, entry.stated_fields(named))
        return
    for procedure in WAYS.values():
        named = [one for one in entry.fields if entry.way_to([one]) is procedure]
        unseen = not entry.fields and entry.way_to(()) is procedure
        if named or unseen:
            yield Way(procedure, entry.stated_fields(named))
