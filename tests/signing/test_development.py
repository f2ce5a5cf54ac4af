"""The demonstration city's authority in a state directory, and what settings make of it."""

import multiprocessing
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from gateway.settings import Settings, Switch
from gateway.signing import (
    DevelopmentAuthority,
    HttpTimestamps,
    KeyUnusable,
    LocalTimestamps,
    Refusal,
    SignatureRefused,
    TimestampUnavailable,
    Trust,
    TrustUnusable,
    load_pkcs12,
    sign,
    timestamps,
    trust,
    verify,
)
from gateway.signing.development import FOLDER
from tests.signing.city import DOCUMENT, NOW, YEAR, City, revocation_list
from tests.signing.openssl import accepts_signature, accepts_timestamp, run

HOUR = timedelta(hours=1)


@pytest.fixture
def authority(tmp_path: Path) -> DevelopmentAuthority:
    return DevelopmentAuthority(tmp_path / "state")


def test_an_officer_of_the_demonstration_city_signs(authority: DevelopmentAuthority, tmp_path: Path) -> None:
    issued = authority.issue("officer@11440300", passphrase=b"a passphrase")
    signer = load_pkcs12(issued.p12, b"a passphrase")
    now = datetime.now(UTC)
    made = sign(DOCUMENT, signer, authority.timestamps())
    found = verify(DOCUMENT, made, authority.trust(), prepared_at=now, now=now)
    assert found.certificate.der == issued.certificate
    assert (
        found.certificate.fingerprint == x509.load_der_x509_certificate(issued.certificate).fingerprint(SHA256()).hex()
    )
    roots = [
        x509.load_pem_x509_certificate(path.read_bytes())
        for path in (authority.root_file, authority.timestamp_root_file)
    ]
    assert accepts_signature(tmp_path, DOCUMENT, made, roots[0], now)
    assert accepts_timestamp(tmp_path, made, roots[1], now)


def test_a_demonstration_has_a_past(authority: DevelopmentAuthority) -> None:
    """Certificates and timestamps of some time ago, for cases that were closed then."""
    then = datetime.now(UTC) - 3 * YEAR
    signer = load_pkcs12(authority.issue("officer", not_before=then - HOUR, not_after=then + HOUR).p12, None)
    made = sign(DOCUMENT, signer, authority.timestamps(lambda: then), signing_time=then)
    found = verify(DOCUMENT, made, authority.trust(), prepared_at=then, now=datetime.now(UTC))
    assert found.gen_time == then


def test_everything_is_for_its_owner_alone(authority: DevelopmentAuthority, tmp_path: Path) -> None:
    folder = tmp_path / "state" / FOLDER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(folder.iterdir())
    assert {path.name for path in files} == {
        "root.crl", "root.key", "root.pem", "timestamp-root.key", "timestamp-root.pem", "timestamps.key",
        "timestamps.pem",
    }  # fmt: skip
    authority.revoke(authority.issue("officer").certificate)
    assert sorted(folder.iterdir()) == files
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)


def test_the_authority_stays_the_same(authority: DevelopmentAuthority, tmp_path: Path) -> None:
    assert DevelopmentAuthority(tmp_path / "state").trust() == authority.trust()
    assert DevelopmentAuthority(tmp_path / "other").trust() != authority.trust()


def test_of_many_who_come_first_one_makes_it(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.map(_root_of, [tmp_path] * 6)
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [FOLDER]


def _root_of(state: Path) -> bytes:
    return DevelopmentAuthority(state).root_file.read_bytes()


def test_a_revocation_counts_from_its_instant_on_and_is_kept(authority: DevelopmentAuthority) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    first, second = (authority.issue(name, not_before=now - YEAR) for name in ("one", "two"))
    signer = load_pkcs12(second.p12, None)
    before = sign(DOCUMENT, signer, authority.timestamps(lambda: now - HOUR))
    after = sign(DOCUMENT, signer, authority.timestamps(lambda: now))
    authority.revoke(second.certificate, now)
    authority.revoke(first.certificate)
    assert verify(DOCUMENT, before, authority.trust(), prepared_at=now - HOUR, now=now)
    with pytest.raises(SignatureRefused) as refused:
        verify(DOCUMENT, after, authority.trust(), prepared_at=now - HOUR, now=now)
    assert refused.value.code is Refusal.REVOKED


def test_of_several_revocations_at_once_none_is_lost(authority: DevelopmentAuthority) -> None:
    certificates = [authority.issue(f"officer {number}").certificate for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(authority.revoke, certificates))
    (found,) = authority.trust().revocation_lists
    numbers = {x509.load_der_x509_certificate(certificate).serial_number for certificate in certificates}
    assert {entry.serial_number for entry in found} == numbers


def test_a_certificate_of_somebody_else_cannot_be_revoked(authority: DevelopmentAuthority, city: City) -> None:
    with pytest.raises(ValueError, match="not of this authority"):
        authority.revoke(city.officer.public_bytes(Encoding.DER))


def test_openssl_takes_the_revocation_list(authority: DevelopmentAuthority, tmp_path: Path) -> None:
    officer, other = authority.issue("officer"), authority.issue("other")
    authority.revoke(officer.certificate)
    (found,) = authority.trust().revocation_lists
    (tmp_path / "root.crl").write_bytes(found.public_bytes(Encoding.PEM))
    for issued, revoked in ((officer, True), (other, False)):
        certificate = x509.load_der_x509_certificate(issued.certificate)
        (tmp_path / "officer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        done = run(
            "verify", "-crl_check", "-CAfile", authority.root_file, "-CRLfile", tmp_path / "root.crl",
            tmp_path / "officer.pem",
        )  # fmt: skip
        assert (done.returncode != 0) == revoked
        assert (b"certificate revoked" in done.stderr) == revoked


# What a PKCS#12 file can be


def test_a_pkcs12_file_that_cannot_sign_says_why(authority: DevelopmentAuthority, city: City) -> None:
    locked = authority.issue("officer", passphrase=b"right").p12
    bare = pkcs12.serialize_key_and_certificates(b"x", city.officer_key, None, None, NoEncryption())
    keyless = pkcs12.serialize_key_and_certificates(b"x", None, city.officer, None, NoEncryption())
    other = pkcs12.serialize_key_and_certificates(b"x", None, city.root.certificate, [city.officer], NoEncryption())
    for data, passphrase, why in (
        (locked, b"wrong", "the passphrase is not the one"),
        (locked, None, "needs its passphrase"),
        (b"", None, "not a PKCS#12 file"),
        (b"-----BEGIN PRIVATE KEY-----", None, "not a PKCS#12 file"),
        (city.officer.public_bytes(Encoding.DER), None, "not a PKCS#12 file"),
        (bare, None, "no certificate"),
        (keyless, None, "no private key"),
        (other, None, "no private key"),
    ):
        with pytest.raises(KeyUnusable, match=why):
            load_pkcs12(data, passphrase)


def test_a_pkcs12_file_of_openssl_is_read(city: City, tmp_path: Path) -> None:
    private = city.officer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "officer.pem").write_bytes(private + city.officer.public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(city.root.certificate.public_bytes(Encoding.PEM))
    done = run(
        "pkcs12", "-export", "-in", tmp_path / "officer.pem", "-certfile", tmp_path / "root.pem",
        "-passout", "pass:geheim", "-out", tmp_path / "officer.p12",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    signer = load_pkcs12((tmp_path / "officer.p12").read_bytes(), b"geheim")
    assert city.verify(city.stamped(signer)).certificate.der == signer.certificate


# Settings


def configured(tmp_path: Path, **options: object) -> Settings:
    return Settings(state=tmp_path / "state", **options)  # type: ignore[arg-type]


def test_a_development_gateway_trusts_its_own_authority(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    assert trust(settings) == DevelopmentAuthority(settings.state).trust()
    assert trust(settings).revocation_required
    assert isinstance(timestamps(settings), LocalTimestamps)


@pytest.mark.parametrize("options", [{"production": True}, {"development_issuer": Switch.OFF}])
def test_no_other_gateway_does(tmp_path: Path, options: dict[str, object]) -> None:
    settings = configured(tmp_path, **options)
    DevelopmentAuthority(settings.state)
    assert trust(settings) == Trust()
    with pytest.raises(TimestampUnavailable, match="GATEWAY_TIMESTAMP_URL"):
        timestamps(settings)


def test_roots_of_ones_own_take_its_place(tmp_path: Path, city: City) -> None:
    for name, certificate in (("roots", city.root.certificate), ("time", city.time_root.certificate)):
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM) * 2)
    own = {"trust_roots": tmp_path / "roots.pem", "timestamp_roots": tmp_path / "time.pem"}
    found = trust(configured(tmp_path, **own))
    assert found.roots == (city.root.certificate,) * 2
    assert found.timestamp_roots == (city.time_root.certificate,) * 2
    assert not found.revocation_required
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "a.crl").write_bytes(revocation_list(city.root).public_bytes(Encoding.DER))
    (lists / "b.crl").write_bytes(revocation_list(city.time_root).public_bytes(Encoding.PEM))
    (lists / "README").write_text("Not a list.")
    found = trust(configured(tmp_path, **own, revocation_lists=lists))
    assert len(found.revocation_lists) == 2
    assert found.revocation_required
    assert city.verify(city.stamped(), found).gen_time == NOW


def test_trust_that_cannot_be_read_says_which(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    good = DevelopmentAuthority(tmp_path / "state").root_file
    for roots, lists, why in (
        (tmp_path / "nowhere.pem", None, "GATEWAY_TRUST_ROOTS: .*nowhere.pem cannot be read: No such file"),
        (tmp_path / "empty.pem", None, "no certificate"),
        (tmp_path / "broken.pem", None, "no certificate"),
        (good, tmp_path / "nowhere", "GATEWAY_REVOCATION_LISTS: .*nowhere is not a folder"),
    ):
        settings = configured(tmp_path, trust_roots=roots, timestamp_roots=good, revocation_lists=lists)
        with pytest.raises(TrustUnusable, match=why):
            trust(settings)


def test_an_address_for_timestamps_goes_first(tmp_path: Path) -> None:
    settings = configured(tmp_path, timestamp_url="https://tsa.example.org/")
    assert isinstance(timestamps(settings), HttpTimestamps)
    assert isinstance(timestamps(configured(tmp_path), "https://tsa.example.org/"), HttpTimestamps)


@pytest.mark.parametrize(
    "options",
    [{"trust_roots": Path("x")}, {"timestamp_roots": Path("x")}, {"revocation_lists": Path("x")},
     {"timestamp_url": "http://tsa.example.org/"}],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"GATEWAY_TRUST_ROOTS|https"):
        configured(tmp_path, **options)
