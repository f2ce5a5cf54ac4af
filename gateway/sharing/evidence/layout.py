"""What an exported case consists of: the names of its files, its README, and files that follow from others."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.audit.event import canonical
from gateway.policy.reading import FILES as POLICY_FILES
from gateway.signing import read_carried

README: Final = "README.md"
DOCUMENT: Final = "document.json"
SIGNATURE: Final = "signature.p7s"
TIMESTAMP: Final = "timestamp.der"
VALUE: Final = "signature-value.bin"
SIGNER: Final = "signer.json"
SIGNER_CHAIN: Final = "signer.pem"
TIMESTAMP_CHAIN: Final = "timestamp.pem"
KNOWN: Final = "revocation.json"
CASE: Final = "case.json"
DEADLINE: Final = "deadline.json"
LOG: Final = "log"
REVOCATION: Final = "revocation"
POLICIES: Final = "policies"
CLASSES: Final = "classes.json"
RULES: Final = "rules"
DATASET: Final = "dataset"
LIST_ENDING: Final = "crl"
ANSWER_ENDING: Final = "ocsp"

CASE_ID: Final = re.compile(r"[a-z]{2}_[a-z2-7]{26}")
_SHA256: Final = "[0-9a-f]{64}"
_INSIDE: Final = (DOCUMENT, SIGNATURE, TIMESTAMP, VALUE, SIGNER, SIGNER_CHAIN, TIMESTAMP_CHAIN, KNOWN)
IN_DOCUMENT: Final = re.compile(rf"(\d{{2,4}}-[A-Z_]{{1,40}})/({'|'.join(map(re.escape, _INSIDE))})")
IN_POLICY: Final = re.compile(rf"{POLICIES}/({_SHA256})/({'|'.join(map(re.escape, (*POLICY_FILES, CLASSES)))})")
IN_RULES: Final = re.compile(rf"{RULES}/({_SHA256})\.yaml")
IN_DATASET: Final = re.compile(rf"{DATASET}/({_SHA256})\.json")
IN_REVOCATION: Final = re.compile(rf"{REVOCATION}/(({_SHA256})\.({LIST_ENDING}|{ANSWER_ENDING}))")
IN_LOG: Final = re.compile(
    rf"{LOG}/(README\.md|key|checkpoint"
    r"|events/ev_[a-z2-7]{26}/(leaf\.json|event\.tlog-proof|body\.json|salt\.bin))"
)
SINGLE: Final = frozenset({README, CASE, DEADLINE})
UNPROVEN: Final = frozenset({README, f"{LOG}/README.md", f"{LOG}/key"})
"""Files that only help a reader, and that nothing is concluded from."""

_README: Final = f"""# A case, with the signatures of its documents

`NN-ACT/` has one document each:

- `{DOCUMENT}`: the text that was signed (RFC 8785); `{SIGNATURE}`: its detached CAdES signature;
- `{TIMESTAMP}`: the timestamp in that (RFC 3161); `{VALUE}`: what the timestamp is over;
- `{SIGNER_CHAIN}`, `{TIMESTAMP_CHAIN}`: the certificates that the signature and the timestamp carry;
- `{SIGNER}`: who signed, as the document says, with which certificate, and `EPOCH`, the second of the timestamp;
- `{KNOWN}`: which files of `{REVOCATION}/` the gateway checked the signature by, when it was filed.

`{REVOCATION}/` has revocation lists (`.{LIST_ENDING}`) and responders' answers (`.{ANSWER_ENDING}`), each under its
SHA-256. `{LOG}/` has the log's events of the case with their proofs, and those by which the signers' certificates were
registered. `{POLICIES}/` has the access policies that documents and events name by their digest, each with the table of
the access classes that follows from it (`{CLASSES}`). `{RULES}/` has the rule sets that the deadline in
`{DEADLINE}` was counted by, and `{DATASET}/` the catalogue entry in the version that the documents name by its SHA-256.
`{CASE}` says where it all stands. %s

Nothing in here proves itself: roots, timestamp roots and the log's key are yours to get from the authorities and the
operator. What is here proves that it happened, and not that nothing else did. `README.md` and `{LOG}/key` only help a
reader. By which rule sets and working days a deadline was counted is the gateway's word.

## Everything with one command

    gateway evidence verify . --roots ROOTS.pem --timestamp-roots TIME.pem --key KEY

## One signature with openssl alone

In its folder, with `ROOTS` and `TIME` set to the files of roots:

```sh
EPOCH=$(sed -n 's/.*"EPOCH":\\([0-9]*\\).*/\\1/p' {SIGNER})
openssl cms -verify -cades -binary -inform DER -in {SIGNATURE} -content {DOCUMENT} \\
    -CAfile "$ROOTS" -purpose any -attime "$EPOCH" -out /dev/null
openssl ts -verify -token_in -in {TIMESTAMP} -data {VALUE} -CAfile "$TIME" -attime "$EPOCH"
```

An event in `{LOG}/` states the SHA-256 of both: `sha256sum {DOCUMENT} {SIGNATURE}`. What a list or an answer says:
`openssl crl -inform DER -noout -text -in FILE`, `openssl ocsp -respin FILE -noverify -text`.

## An event and its proof

`{LOG}/README.md` says how. Go's `golang.org/x/mod/sumdb` checks checkpoint and proofs as well.

## A policy's digest

In its folder; it is the folder's name:

```sh
for file in {" ".join(POLICY_FILES)}; do
    printf '%%s\\037%%d\\037' "$file" "$(wc -c <"$file")"
    cat "$file"
done | sha256sum
```
"""
_WHOLE: Final = "Nothing was left out."
_REDACTED: Final = (
    "This was made for one of those who may see it: an event that\n"
    "names others, who signed nothing, has its leaf and its proof alone, and "
    f"`{DATASET}/` is there for the provider and\nwho oversees it."
)


def readme(*, whole: bool) -> bytes:
    """The README of an export."""
    return (_README % (_WHOLE if whole else _REDACTED)).encode()


def is_known(path: str) -> bool:
    """Whether an export has a file of this path."""
    return path in SINGLE or any(
        one.fullmatch(path) for one in (IN_DOCUMENT, IN_POLICY, IN_RULES, IN_DATASET, IN_REVOCATION, IN_LOG)
    )


def following(stated: Mapping[str, Any], signature: bytes) -> dict[str, bytes]:
    """The files beside a document and its signature that follow from these two, by their names.

    Raises:
        SignatureRefused: the signature has not the shape of one.
        KeyError, TypeError: the document does not say who signs.
    """
    by = stated["by"]
    return beside(signature, {"name": by["person"]["name"], "role": by["role"], "agency": by["agency"]})


def beside(signature: bytes, who: Mapping[str, Any]) -> dict[str, bytes]:
    """What a signature carries, as files by their names, with who signed in words.

    Raises:
        SignatureRefused: it has not the shape of one.
    """
    carried = read_carried(signature)
    said = {
        **who,
        "certificate": hashlib.sha256(carried.signer[0]).hexdigest(),
        "EPOCH": int(carried.at.timestamp()),
    }
    return {
        TIMESTAMP: carried.token,
        VALUE: carried.value,
        SIGNER: canonical(said),
        SIGNER_CHAIN: _pem(carried.signer),
        TIMESTAMP_CHAIN: _pem(carried.stamping),
    }


def _pem(chain: Iterable[bytes]) -> bytes:
    return b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in chain)
