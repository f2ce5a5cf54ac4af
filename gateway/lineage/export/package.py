"""What a signed export consists of: every format, a manifest of these, the gateway's signature over that, and a README.

The manifest is RFC 8785, so that each of its bytes says something. What the log adds comes last: its event states the
manifest's SHA-256.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.audit.event import canonical
from gateway.audit.export import EVENTS
from gateway.audit.prove import Evidence
from gateway.lineage.export.forms import FORMS
from gateway.lineage.export.picture import Picture
from gateway.sharing.evidence.layout import (
    SIGNATURE,
    SIGNER,
    SIGNER_CHAIN,
    TIMESTAMP,
    TIMESTAMP_CHAIN,
    VALUE,
    beside,
)
from gateway.signing import Seal

README: Final = "README.md"
MANIFEST: Final = "manifest.json"
SIGNED: Final = "signature"
"""The folder of the signature and of what it carries."""
LOG: Final = "log"
IN_LOG: Final = re.compile(rf"{LOG}/({EVENTS}/ev_[a-z2-7]{{26}}/(leaf\.json|event\.tlog-proof|body\.json|salt\.bin))")
IN_SIGNED: Final = frozenset(
    f"{SIGNED}/{name}" for name in (SIGNATURE, TIMESTAMP, VALUE, SIGNER, SIGNER_CHAIN, TIMESTAMP_CHAIN)
)
DRAWN: Final = frozenset({README, *(form.file for form in FORMS.values())})
"""The files whose SHA-256 the manifest states."""
VERSION: Final = 1

_README: Final = f"""# Where data comes from, signed

One walk along derivations, as one caller could know it at one instant, in several formats:

- `lineage.jsonld`, `lineage.ttl`: PROV-O, the same graph twice;
- `openlineage.json`: OpenLineage run events;
- `lineage.mmd`, `lineage.dot`: for Mermaid and Graphviz;
- `lineage.svg`: a picture, for any browser.

`{MANIFEST}` says what was asked, by which role of which agency, as of when, under which access policy, whether the
answer is all that there is or why not, and the SHA-256 of each file. `{SIGNED}/{SIGNATURE}` is the gateway's detached
CAdES signature over it, with a timestamp (RFC 3161); the other files of `{SIGNED}/` are what that carries.
`{LOG}/` has the event of the gateway's log which states the SHA-256 of `{MANIFEST}`, with its proof; whoever asked is
in it by an id.

What the caller may not know of takes no part in it. So it proves what the gateway answered, and not that nothing else
exists. Roots, timestamp roots and the log's key are yours to get from the authorities and the operator.

## Everything with one command

    gateway lineage verify . --roots ROOTS.pem --timestamp-roots TIME.pem --key KEY

## The signature with openssl alone

With `ROOTS` and `TIME` set to the files of roots:

```sh
EPOCH=$(sed -n 's/.*"EPOCH":\\([0-9]*\\).*/\\1/p' {SIGNED}/{SIGNER})
openssl cms -verify -cades -binary -inform DER -in {SIGNED}/{SIGNATURE} -content {MANIFEST} \\
    -CAfile "$ROOTS" -purpose any -attime "$EPOCH" -out /dev/null
openssl ts -verify -token_in -in {SIGNED}/{TIMESTAMP} -data {SIGNED}/{VALUE} -CAfile "$TIME" -attime "$EPOCH"
```

## The files

```sh
sed -n 's/.*"files":{{\\([^}}]*\\)}}.*/\\1/p' {MANIFEST} | tr ',' '\\n' |
    sed 's/"\\([^"]*\\)":"\\([^"]*\\)"/\\2  \\1/' | sha256sum --check --strict
```

## The event in the log

```sh
gateway log check {LOG} --key "$KEY"
sha256sum {MANIFEST}
grep -o '"manifest":"[0-9a-f]*"' {LOG}/{EVENTS}/*/body.json
```

The last two show the same digest. How a proof is checked by hand: c2sp.org/tlog-proof.
"""


def drawn(picture: Picture, base: str) -> dict[str, bytes]:
    """A picture in every format, and the README."""
    files = {form.file: form.write(picture, base) for form in FORMS.values()}
    return {README: _README.encode(), **files}


def manifest(picture: Picture, base: str, files: Mapping[str, bytes]) -> bytes:
    """What the gateway signs."""
    hidden, agency = picture.hidden, picture.asked_by.agency
    reason = None if hidden is None else {"zh": hidden.reason_zh, "en": hidden.reason_en}
    return canonical(
        {
            "v": VERSION,
            "gateway": base,
            "asked": asked(picture),
            "by": {
                "roles": [*picture.asked_by.roles],
                "agency": None if agency is None else {"id": agency.id, "name": agency.name},
            },
            "preparedAt": picture.at,
            "policy": picture.policy,
            "nodes": len(picture.nodes),
            "derivations": len(picture.edges),
            "isComplete": not picture.truncated,
            "truncatedBecause": [*picture.truncated],
            "hidden": None
            if hidden is None
            else {"rule": hidden.rule, "requirement": hidden.requirement, "reason": reason},
            "files": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
        }
    )


def asked(picture: Picture) -> dict[str, Any]:
    """What was asked, as the manifest and the event say it."""
    question = picture.question
    return {
        "of": question.of,
        "direction": question.direction,
        "level": question.level,
        "depth": question.depth,
        "asOf": question.as_of,
        "knownAt": question.known_at,
    }


def signed(document: bytes, base: str, seal: Seal) -> dict[str, bytes]:
    """The gateway's signature over a manifest, with what it carries.

    Raises:
        SigningError: the seal cannot be used, or there is no timestamp.
    """
    signature = seal.signature(document)
    files = {SIGNATURE: signature, **carried(signature, base)}
    return {f"{SIGNED}/{name}": data for name, data in files.items()}


def carried(signature: bytes, base: str) -> dict[str, bytes]:
    """The files beside a signature that follow from it.

    Raises:
        SignatureRefused: it has not the shape of one.
    """
    return beside(signature, {"gateway": base})


def proven(evidence: Evidence) -> dict[str, bytes]:
    """An event with its proof."""
    return {f"{LOG}/{EVENTS}/{evidence.leaf.id}/{name}": data for name, data in evidence.files().items()}
