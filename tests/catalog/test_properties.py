"""What holds for every tier and every text."""

from dataclasses import replace

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog import FieldSpec
from gateway.catalog.fsck_rules import read_tier
from gateway.catalog.rows import canonical, field_tiers, tier_row, to_rows
from gateway.catalog.staleness import stale_at
from gateway.classes import TIERS, ClassKey, Tier
from gateway.vocabulary import OpenType, Period, ShareType
from tests.catalog.entries import entry

TIER = st.sampled_from(list(TIERS.values()))
TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.one_of(TEXT, st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.lists(TEXT, max_size=3))


@given(TIER)
def test_a_tier_survives_storage_and_its_key_names_it(tier: Tier) -> None:
    row = tier_row(tier)
    assert read_tier(row, ("shareType", "openType", "sensitivity")) == tier
    assert TIERS[tier.key] == tier


@given(TIER, TIER)
def test_a_field_is_never_wider_than_its_dataset_or_its_own_tier(own: Tier, dataset: Tier) -> None:
    row = field_tiers(own, dataset, published=True)
    effective = TIERS[ClassKey(row["accessClass"])]
    assert read_tier(row, ("shareType", "openType", "sensitivity")) == effective
    assert read_tier(row, ("ownShareType", "ownOpenType", "ownSensitivity")) == own
    for tier in (own, dataset):
        assert list(ShareType).index(effective.share) >= list(ShareType).index(tier.share)
        assert list(OpenType).index(effective.open) >= list(OpenType).index(tier.open)
        assert effective.sensitivity >= tier.sensitivity
    assert field_tiers(own, dataset, published=False)["accessClass"] == "DRAFT"


@given(st.dictionaries(st.text("abcXYZ_", max_size=5), VALUES, max_size=6))
def test_snapshots_are_canonical_as_rfc_8785_has_it(value: dict[str, object]) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # its type is private and recursive


@given(TIER, st.none() | TIER, TEXT.filter(str.strip), TEXT.filter(str.strip))
def test_the_digest_tells_contents_apart_and_nothing_else(tier: Tier, own: Tier | None, one: str, other: str) -> None:
    def digest(title: str) -> str:
        whole = entry(title=title, share_type=tier.share, open_type=tier.open, sensitivity=tier.sensitivity)
        return to_rows(replace(whole, fields=(FieldSpec("a", tier=own),))).digest

    assert digest(one) == digest(str(one))
    assert (digest(one) == digest(other)) == (one == other)


@given(st.sampled_from(Period), st.datetimes())
def test_staleness_is_after_the_refresh_or_never(period: Period, moment: object) -> None:
    refreshed = f"{str(moment)[:10]}T00:00:00.000Z"
    assert stale_at(refreshed, period) > refreshed
    assert stale_at(None, period) == "9999-12-31T23:59:59.999Z"
