"""A case in a folder that a court could check: documents, signatures, timestamps, and the log's proofs of all of it.

What the folder is checked against, roots, timestamp roots and the log's key, is the verifier's own and never from it.
"""

import hashlib
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.audit.event import canonical
from gateway.audit.export import EVENTS, check_export, export_events
from gateway.audit.log import LogFolder
from gateway.audit.prove import BODY, PROOF
from gateway.audit.tlog import Proof, Verifier
from gateway.graph import Graph
from gateway.sharing.document import Document
from gateway.sharing.filing import WAITS
from gateway.sharing.procedure import step_of
from gateway.sharing.reading import Cases
from gateway.sharing.words import Act, CaseState, Procedure
from gateway.signing import SignatureRefused, Trust, Verified, read_signature, verify

DOCUMENT: Final = "document.json"
SIGNATURE: Final = "signature.p7s"
TIMESTAMP: Final = "timestamp.der"
VALUE: Final = "signature-value.bin"
SIGNER: Final = "signer.json"
CASE: Final = "case.json"
LOG: Final = "log"
LISTS: Final = "revocation"
_CASE: Final = """
MATCH (c:Case {id: $id})
RETURN c {.*, grants: COLLECT { MATCH (c)-[:LED_TO]->(g:Grant) RETURN g {.*} ORDER BY g.grantedAt, g.id }}
"""
_PLAIN: Final = re.compile(r"[a-z]{2}_[a-z2-7]{26}")

README: Final = f"""# A case, with the signatures of its documents

Each folder `NN-ACT` has one document. `{DOCUMENT}` is the text that was signed (RFC 8785), `{SIGNATURE}` its detached
CAdES signature, `{TIMESTAMP}` the timestamp in that, and `{VALUE}` what the timestamp is over. `{SIGNER}`
says whose certificate it was by the gateway's register, and `EPOCH`, the second of the timestamp. `{LOG}/` has the
log's events of the case with their proofs, `{LISTS}/` the revocation lists of the day of this export, and `{CASE}` is
the case as the gateway keeps it.

Everything with one command. Roots and key are yours to get from the authorities and the operator, not from here:

    gateway evidence verify . --roots ROOTS.pem --timestamp-roots TIME.pem --key KEY

One signature with openssl alone, inside its folder:

    openssl cms -verify -cades -binary -inform DER -in {SIGNATURE} -content {DOCUMENT} \\
        -CAfile ROOTS.pem -purpose any -attime EPOCH -out /dev/null
    openssl ts -verify -token_in -in {TIMESTAMP} -data {VALUE} -CAfile TIME.pem -attime EPOCH

The events and their proofs: `{LOG}/README.md`. One of them states the SHA-256 of the document and of the signature:

    sha256sum {DOCUMENT} {SIGNATURE}
"""


class NoSuchCase(Exception):
    """There is no case of that id."""


async def export_case(
    graph: Graph, log: LogFolder, identifier: str, to: Path, revocation_lists: Mapping[str, bytes]
) -> int:
    """Write a case into a new folder. Returns how many documents it has.

    Raises:
        NoSuchCase: there is none of that id.
        FileExistsError: the folder is there already.
        NoSuchEvent: the log has no checkpoint yet.
    """
    case: dict[str, Any] | None = await graph.read(_CASE, {"id": identifier})
    if case is None or not _PLAIN.fullmatch(identifier):
        raise NoSuchCase(f"there is no case {identifier!r:.60}")
    cases = Cases(graph)
    documents = [*await cases.documents(identifier)]
    for grant in case["grants"]:
        documents += await cases.documents(grant["id"])
    _write(to, case, documents, revocation_lists)
    export_events(log, to / LOG, case=identifier)
    return len(documents)


def _write(
    to: Path, case: Mapping[str, Any], documents: list[Mapping[str, Any]], revocation_lists: Mapping[str, bytes]
) -> None:
    to.mkdir(parents=True)
    (to / "README.md").write_text(README, "utf-8")
    (to / CASE).write_bytes(canonical(dict(case)))
    for number, one in enumerate(documents, 1):
        inside = to / f"{number:02}-{Act(one['act'])}"
        inside.mkdir()
        signature = b64decode(one["signature"])
        parts = read_signature(signature)
        epoch = int(datetime.fromisoformat(one["signedAt"]).timestamp())
        said = {name: one[name] for name in ("name", "role", "agency", "fingerprint", "signedAt", "filedAt")}
        for name, data in (
            (DOCUMENT, one["bytes"].encode()),
            (SIGNATURE, signature),
            (TIMESTAMP, parts.token),
            (VALUE, parts.value),
            (SIGNER, canonical({**said, "EPOCH": epoch})),
        ):
            (inside / name).write_bytes(data)
    (to / LISTS).mkdir()
    for name, data in revocation_lists.items():
        (to / LISTS / Path(name).name).write_bytes(data)


@dataclass(frozen=True, slots=True)
class Against:
    """What a verifier trusts, from elsewhere."""

    roots: bytes
    timestamp_roots: bytes
    key: Verifier


def verify_case(folder: Path, against: Against, found: Callable[[str], None]) -> Iterator[str]:
    """Check an exported case. Says what was established, step by step; `found` is told of what does not hold.

    1. every event of the log holds: its proof, its leaf, its body;
    2. every document has a signature that counts, and the text that the signature is of;
    3. an event of the log states the SHA-256 of each document and of each signature file, and the reverse;
    4. from its beginning, each act was possible in the state that the one before left;
    5. each grant is the image of the document that it names.

    Raises:
        TrustUnusable: roots or lists cannot be read.
    """
    count = check_export(folder / LOG, against.key, found, lambda _: None)  # 1
    yield f"{count} events are in the log that the key signs"
    trust = Trust.parse(
        against.roots,
        against.timestamp_roots,
        [path.read_bytes() for path in sorted((folder / LISTS).glob("*"))],
        revocation_required=any((folder / LISTS).iterdir()),
    )
    contents: dict[str, dict[str, Any]] = {}
    signed: dict[str, tuple[str, str]] = {}
    for inside in sorted(path.parent for path in folder.glob(f"*/{DOCUMENT}")):
        document, signature = (inside / DOCUMENT).read_bytes(), (inside / SIGNATURE).read_bytes()
        try:
            verified = _signature(document, signature, trust)  # 2
        except (SignatureRefused, ValueError, KeyError, TypeError) as problem:
            found(f"{inside.name}: the signature does not count: {problem}")
            continue
        digest = Document(document).digest
        contents[digest] = Document(document).stated["content"]
        signed[digest] = (hashlib.sha256(signature).hexdigest(), inside.name)
        yield f"{inside.name}: signed by {verified.certificate.subject} at {verified.gen_time:%Y-%m-%d %H:%M:%S} UTC"
    events = _in_order(folder / LOG / EVENTS)
    _check_logged(events, signed, found)  # 3
    yield "the log states every document and every signature file"
    _check_order(events, found)  # 4
    yield "each act was possible when it was taken"
    _check_grants(orjson.loads((folder / CASE).read_bytes()), contents, found)  # 5
    yield "each grant is the image of what was signed"


def _signature(document: bytes, signature: bytes, trust: Trust) -> Verified:
    prepared = datetime.fromisoformat(Document(document).stated["preparedAt"])
    return verify(document, signature, trust, prepared_at=prepared, now=prepared + WAITS + timedelta(minutes=1))


def _check_logged(
    events: list[dict[str, Any]], signed: Mapping[str, tuple[str, str]], found: Callable[[str], None]
) -> None:
    logged = {
        event["data"]["document"]: event["data"]["signature"] for event in events if event["data"].get("document")
    }
    for digest, (signature, name) in signed.items():
        if logged.get(digest) != signature:
            found(f"{name}: no event of the log states this document with this signature file")
    for digest in logged.keys() - signed.keys():
        found(f"the log states a document of SHA-256 {digest} that is not here, or whose signature does not count")


def _in_order(folder: Path) -> list[dict[str, Any]]:
    """The events as the log has them one after another."""
    found = (
        (Proof.parse((path.parent / PROOF).read_text("utf-8")).index, orjson.loads(path.read_bytes()))
        for path in folder.glob(f"*/{BODY}")
    )
    return [event for _, event in sorted(found, key=lambda pair: pair[0])]


def _check_order(events: list[dict[str, Any]], found: Callable[[str], None]) -> None:
    states: dict[str, str | None] = {}
    for event in events:
        data = event["data"]
        if event["kind"] == "case.moved":
            subject, procedure = event["about"]["case"], Procedure(data["procedure"])
        elif event["kind"] == "grant.moved" and data["before"] is not None:
            subject, procedure = data["grant"], Procedure.GRANT
        else:
            continue
        before = states.get(subject, CaseState.ACTIVE if procedure is Procedure.GRANT else None)
        step = step_of(procedure, None if before is None else CaseState(before), Act(data["act"]))
        if data["before"] != before or step is None or step.target != data["after"]:
            found(f"{event['id']}: {data['act']} was not possible: {before or 'nothing'} was before it")
        states[subject] = data["after"]


def _check_grants(
    case: Mapping[str, Any], contents: Mapping[str, dict[str, Any]], found: Callable[[str], None]
) -> None:
    for grant in case["grants"]:
        content = contents.get(grant["image"])
        if content is None:
            found(f"grant {grant['id']}: the document that it names is not here")
        elif canonical(content.get("granted", content)) != grant["scope"].encode():
            found(f"grant {grant['id']}: it is not what was signed")
