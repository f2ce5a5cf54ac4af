"""Dates and periods as real inventories write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.federation.moments import is_repeating, read_moment, read_period, repeating_start
from gateway.vocabulary import Period

MOMENTS = {
    "2024": "2024-01-01T00:00:00.000Z",
    "2024-11": "2024-11-01T00:00:00.000Z",
    "2024-11-05": "2024-11-05T00:00:00.000Z",
    "2024-11-05T16:03:28.823Z": "2024-11-05T16:03:28.823Z",
    "2024-11-05T16:03:28Z": "2024-11-05T16:03:28.000Z",
    "2024-11-05T16:03Z": "2024-11-05T16:03:00.000Z",
    "2016-09-05T18:25:21.249967": "2016-09-05T18:25:21.249Z",
    "2016-09-05 18:25:21": "2016-09-05T18:25:21.000Z",
    "2016-09-05T18:25:21+08:00": "2016-09-05T10:25:21.000Z",
    "2016-09-05T18:25:21+0800": "2016-09-05T10:25:21.000Z",
    "2016-09-05T18:25:21-05": "2016-09-05T23:25:21.000Z",
    "2016-09-05T18:25:21.1234567Z": "2016-09-05T18:25:21.123Z",
    " 2016-09-05 ": "2016-09-05T00:00:00.000Z",
    "0987-01-01": "0987-01-01T00:00:00.000Z",
}
NOT_MOMENTS = [
    "", "yesterday", "0000-01-01", "2024-13-01", "2024-02-30", "2024-00", "99999", "03/04/2015", "2024-11-05T25:00Z",
    "R/P1D", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\uff12024-01-01", "2024-11-05T16:03:28Z; DROP",
    "2024-01-01T00:00:00+99:99",
]  # fmt: skip


@pytest.mark.parametrize("text", MOMENTS)
def test_moment_is_stored_in_utc_at_fixed_width(text: str) -> None:
    assert read_moment(text) == MOMENTS[text]


@pytest.mark.parametrize("text", NOT_MOMENTS)
def test_what_is_no_iso_date_is_not_guessed(text: str) -> None:
    assert read_moment(text) is None


PERIODS = {
    "R/PT1S": Period.REALTIME,
    "R/PT1H": Period.HOURLY,
    "R/P1D": Period.DAILY,
    "R/P0.33W": Period.WEEKLY,
    "R/P3.5D": Period.WEEKLY,
    "R/P1W": Period.WEEKLY,
    "R/P0.5M": Period.MONTHLY,
    "R/P2W": Period.MONTHLY,
    "R/P1M": Period.MONTHLY,
    "R/P2M": Period.QUARTERLY,
    "R/P3M": Period.QUARTERLY,
    "R/P4M": Period.SEMIANNUAL,
    "R/P6M": Period.SEMIANNUAL,
    "R/P1Y": Period.ANNUAL,
    "R/P12M": Period.ANNUAL,
    "R/P2Y": Period.IRREGULAR,
    "R5/2015-01-01/P1D": Period.DAILY,
    "P1Y": Period.ANNUAL,
    "irregular": Period.IRREGULAR,
    "eventual": Period.IRREGULAR,
    "Annually": Period.ANNUAL,
    "As needed": Period.IRREGULAR,
    "semi-annual": Period.SEMIANNUAL,
    "每季度": Period.QUARTERLY,
    "http://publications.europa.eu/resource/authority/frequency/UPDATE_CONT": Period.REALTIME,
    "http://publications.europa.eu/resource/authority/frequency/MONTHLY": Period.MONTHLY,
}


@pytest.mark.parametrize("text", PERIODS)
def test_period_promises_no_more_than_the_publisher_did(text: str) -> None:
    assert read_period(text) is PERIODS[text]


@pytest.mark.parametrize("text", ["", "P", "PT", "R/P", "R/P0D", "R/P1.2.3D", "R/P1X", "whenever", "P1", "R/PT"])
def test_what_is_no_period_is_not_guessed(text: str) -> None:
    assert read_period(text) is None


def test_modified_may_be_a_repeating_duration() -> None:
    assert is_repeating("R/P1D")
    assert not is_repeating("2024-01-01")
    assert repeating_start("R/2015-01-01/P1D") == "2015-01-01T00:00:00.000Z"
    assert repeating_start("R/P1D") is None


@given(st.one_of(st.text(), st.from_regex(r"R?/?P?[\d.]{0,9}[YMWD]?T?[\d.]{0,5}[HMS]?"), st.datetimes().map(str)))
def test_any_text_is_read_or_not_but_never_an_exception(text: str) -> None:
    """For every text, reading gives None or a value of the right shape."""
    moment = read_moment(text)
    assert moment is None or (len(moment) == 24 and moment.isascii())
    assert read_period(text) in {None, *Period}
