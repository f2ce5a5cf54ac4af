"""What responders say (OCSP): from `openssl ocsp` on this machine, and what can be wrong with an answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from gateway.settings import OCSP_OF_CERTIFICATE
from gateway.signing import (
    Refusal,
    Responders,
    RevocationUnavailable,
    SignatureRefused,
    Step,
    Trust,
    TrustUnusable,
    Verified,
    ask_responders,
    key_signer,
)
from gateway.signing.answers import read_answer
from gateway.signing.configured import responders
from tests.signing.city import END, SIGNING, City, intermediate, issue, refused, revocation_list
from tests.signing.ocsp import Index, responding
from tests.signing.test_development import configured

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """The responder's clock is the machine's."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def town(now: datetime) -> City:
    found = City(clock=now)
    found.trust = found.trusting(required=True)
    return found


@pytest.fixture
def index(town: City, tmp_path: Path) -> Index:
    found = Index(tmp_path / "index", town.root)
    found.knows(town.officer)
    return found


@pytest.fixture
def address(index: Index) -> Iterator[str]:
    with responding(index.answer) as url:
        yield url


def checked(town: City, signature: bytes, address: str | None, now: datetime) -> Verified:
    trust = ask_responders(signature, town.trust, Responders(address), now)
    return town.verify(signature, trust, prepared_at=now - HOUR, now=now)


def test_a_good_certificate_counts_by_the_answer_alone_and_the_answer_is_kept(
    town: City, address: str, now: datetime
) -> None:
    signature = town.stamped(at=now)
    refused(town, signature, Step.VALIDITY, Refusal.REVOCATION_UNKNOWN, prepared_at=now, now=now)
    found = checked(town, signature, address, now)
    (kept,) = found.known
    later = Trust(town.trust.roots, town.trust.timestamp_roots, (), True, (read_answer(kept, "it"),))
    assert town.verify(signature, later, prepared_at=now, now=now + 1000 * HOUR).known == (kept,)


def test_the_responder_that_the_certificate_names_is_asked(town: City, index: Index, now: datetime) -> None:
    with responding(index.answer) as url:
        described = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(where))
            for method, where in (
                (AuthorityInformationAccessOID.CA_ISSUERS, "http://ca.invalid/"),
                (AuthorityInformationAccessOID.OCSP, "ldap://ca.invalid/"),
                (AuthorityInformationAccessOID.OCSP, url),
            )
        ]
        named = town.certificate(SIGNING, END, (x509.AuthorityInformationAccess(described), False))
        index.knows(named)
        assert checked(town, town.stamped(town.holding(named), now), None, now).known
    signature = town.stamped(at=now)
    trust = ask_responders(signature, town.trust, Responders(), now)
    assert trust == town.trust, "it names none"


def test_revoked_before_and_after_signing(town: City, index: Index, address: str, now: datetime) -> None:
    signature = town.stamped(at=now)
    index.knows(town.officer, now + HOUR)
    assert checked(town, signature, address, now).known, "a later revocation changes nothing"
    index.knows(town.officer, now)
    trust = ask_responders(signature, town.trust, Responders(address), now)
    refused(town, signature, Step.VALIDITY, Refusal.REVOKED, trust, prepared_at=now, now=now)


def test_a_certificate_that_the_responder_does_not_know_does_not_count(
    town: City, index: Index, address: str, now: datetime
) -> None:
    stranger = town.certificate(SIGNING, END)
    signature = town.stamped(town.holding(stranger), now)
    trust = ask_responders(signature, town.trust, Responders(address), now)
    refused(town, signature, Step.VALIDITY, Refusal.REVOCATION_UNKNOWN, trust, prepared_at=now, now=now)


def test_whom_the_authority_has_made_a_responder_may_answer_and_nobody_else(
    town: City, index: Index, address: str, now: datetime
) -> None:
    signature = town.stamped(at=now)
    index.delegate(town.root)
    assert checked(town, signature, address, now).known
    index.options = ("-resp_key_id",)
    assert checked(town, signature, address, now).known
    other = City().root
    for authority, extensions in (
        (other, ()),
        (town.root, ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), False), END)),
        (town.root, (SIGNING, END)),
    ):
        index.delegate(authority, *extensions)
        with pytest.raises(RevocationUnavailable, match="not signed by who may answer"):
            checked(town, signature, address, now)
    index.signed_by(other.certificate, other.key)
    with pytest.raises(RevocationUnavailable, match="not signed by who may answer"):
        checked(town, signature, address, now)


def test_an_answer_that_has_run_out_or_is_of_the_future_is_none(
    town: City, index: Index, address: str, now: datetime
) -> None:
    for minutes, moment, said in (
        (5, now + HOUR, "held until"),
        (0, now + HOUR, "held until"),
        (10, now - HOUR, "and now is"),
    ):
        index.minutes = minutes
        with pytest.raises(RevocationUnavailable, match=said):
            ask_responders(town.stamped(at=now), town.trust, Responders(address), moment)


def test_an_answer_to_another_question_is_none(town: City, index: Index, now: datetime) -> None:
    signature = town.stamped(at=now)
    asked: list[bytes] = []

    def first(question: bytes) -> bytes:
        asked.append(question)
        return index.answer(asked[0])

    with responding(first) as url:
        assert checked(town, signature, url, now).known
        with pytest.raises(RevocationUnavailable, match="nonce"):
            checked(town, signature, url, now)
        index.knows(other := town.certificate(SIGNING, END))
        with pytest.raises(RevocationUnavailable, match="another certificate"):
            checked(town, town.stamped(town.holding(other), now), url, now)


def test_a_responder_that_is_away_slow_or_talks_nonsense(town: City, index: Index, now: datetime) -> None:
    signature = town.stamped(at=now)

    def unavailable(url: str) -> str:
        with pytest.raises(RevocationUnavailable) as caught:
            ask_responders(signature, town.trust, Responders(url, patience=1), now)
        assert f"the responder at {url}" in str(caught.value)
        return str(caught.value)

    with responding(index.answer) as url:
        pass
    assert "cannot be reached" in unavailable(url)
    for answer, said in (
        (b"", "no answer of an OCSP responder"),
        (b"<html>", "no answer of an OCSP responder"),
        (bytes.fromhex("30030a0106"), "UNAUTHORIZED"),
        (bytes.fromhex("30030a0103"), "TRY_LATER"),
        (bytes(70_000), "larger than"),
    ):
        with responding(lambda _, answer=answer: answer) as url:  # type: ignore[misc]
            assert said in unavailable(url)
    for status in (500, 307):
        with responding(lambda _: b"http://127.0.0.1:1/", status) as url:
            assert f"it answers {status}" in unavailable(url)


def test_any_changed_byte_of_an_answer_establishes_nothing(town: City, index: Index, now: datetime) -> None:
    signature = town.stamped(at=now)
    with responding(index.answer) as url:
        (whole,) = checked(town, signature, url, now).known
    for at in range(0, len(whole), 5):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        try:
            trust = replace(town.trust, answers=(read_answer(changed, "it"),))
            town.verify(signature, trust, prepared_at=now, now=now)
        except (TrustUnusable, SignatureRefused):
            continue
        signed = read_answer(whole, "it").signature
        start = whole.index(signed)
        # Covered by no signature are certificates that go along, and how many bits of the signature's last byte count.
        assert at == start - 1 or at >= start + len(signed)


def test_authorities_between_are_asked_about_where_no_list_speaks(town: City, tmp_path: Path, now: datetime) -> None:
    district = intermediate(town.root)
    held = issue(district, town.officer_key.public_key(), SIGNING, END)
    officer = key_signer(town.officer_key, held, [district.certificate])
    signature = town.stamped(officer, now)
    below, above = Index(tmp_path / "below", district), Index(tmp_path / "above", town.root)
    below.knows(held)
    asked: list[str] = []

    def either(question: bytes) -> bytes:
        """A responder of both authorities."""
        mine = ocsp.load_der_ocsp_request(question).serial_number == held.serial_number
        asked.append("below" if mine else "above")
        return (below if mine else above).answer(question)

    with responding(either) as url:
        above.knows(district.certificate)
        assert len(checked(town, signature, url, now).known) == 2
        listed = revocation_list(town.root, made=now - HOUR, until=now + HOUR)
        town.trust = town.trusting(listed)
        assert len(checked(town, signature, url, now).known) == 2, "an answer and a list"
        above.knows(district.certificate, now)
        assert checked(town, signature, url, now)
    assert asked == ["below", "above", "below", "below"]


def test_nobody_is_asked_about_a_certificate_that_leads_to_no_trusted_root(town: City, now: datetime) -> None:
    def never(question: bytes) -> bytes:
        raise AssertionError(question)

    with responding(never) as url:
        for signature in (City(clock=now).stamped(at=now), b"", b"nothing"):
            assert ask_responders(signature, town.trust, Responders(url), now) == town.trust


def test_who_is_asked_is_a_setting(tmp_path: Path, town: City) -> None:
    assert responders(configured(tmp_path)) is None
    roots = tmp_path / "roots.pem"
    given = {"trust_roots": roots, "timestamp_roots": roots}
    assert (
        vars(responders(configured(tmp_path, **given, ocsp="http://ocsp.example/")))["_address"]
        == "http://ocsp.example/"
    )
    assert vars(responders(configured(tmp_path, **given, ocsp=OCSP_OF_CERTIFICATE)))["_address"] is None
    for bad in ("ldap://x", "certificates", "http://user@x/", "https://"):
        with pytest.raises(ValueError, match="must be 'certificate', or an http:// or https:// address"):
            configured(tmp_path, **given, ocsp=bad)
    with pytest.raises(ValueError, match="GATEWAY_OCSP is set without GATEWAY_TRUST_ROOTS"):
        configured(tmp_path, ocsp="certificate")
