"""Checking an exported walk, which anybody may have made, against roots and a key that are the verifier's own."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.audit.event import ActorKind
from gateway.audit.export import Logged, check_events
from gateway.audit.kinds import LineageExported
from gateway.lineage.export.package import DRAWN, IN_LOG, IN_SIGNED, LOG, MANIFEST, SIGNED, VERSION, carried
from gateway.sharing.evidence.against import Against, Checking
from gateway.sharing.evidence.archive import Files
from gateway.sharing.evidence.layout import SIGNATURE
from gateway.signing import SignatureRefused, SigningError, verify

_AFTER: Final = timedelta(hours=1)
"""How long after it was drawn an export may have been signed: a timestamp authority can be slow."""


def verify_lineage(files: Files, against: Against, found: Callable[[str], None]) -> Iterator[str]:
    """Check an exported walk. Says what was established, step by step; `found` is told of what does not hold.

    1. the export has the files of one, and no others;
    2. the manifest is in its canonical form, and each file has the SHA-256 that it states;
    3. the gateway's signature over the manifest counts, and the files beside it follow from it;
    4. an event of the log holds, and states the manifest's SHA-256 and the same question;
    5. the event says of the same role, agency and policy that they asked and were answered by.

    Raises:
        TrustUnusable: roots or lists of the verifier's cannot be read.
    """
    yield from _Check(files, against, found).steps()


class _Check(Checking):
    """One walk under way."""

    def __init__(self, files: Files, against: Against, found: Callable[[str], None]) -> None:
        super().__init__(files, against, found)
        self._manifest: dict[str, Any] = {}
        self._event: Logged | None = None

    def steps(self) -> Iterator[str]:
        """Every step, in order."""
        return self._taken(
            self._check_names, self._check_files, self._check_signature, self._check_event, self._check_asked
        )

    def _check_names(self) -> Iterator[str]:  # 1
        always = DRAWN | IN_SIGNED | {MANIFEST}
        for path in sorted(self._files):
            if path not in always and not IN_LOG.fullmatch(path):
                self._found(f"{path}: no export has such a file")
        for path in sorted(always - self._files.keys()):
            self._found(f"{path} is not there")
        yield f"{len(self._files)} files, none that an export has not"

    def _check_files(self) -> Iterator[str]:  # 2
        manifest = self._json(MANIFEST)
        if manifest["v"] != VERSION:
            raise ValueError(f"{MANIFEST} is of a version that this release does not know")
        stated: dict[str, str] = manifest["files"]
        if stated.keys() != DRAWN:
            self._found(f"{MANIFEST}: it does not state the files that an export has")
        for path, digest in sorted(stated.items()):
            if path in self._files and hashlib.sha256(self._files[path]).hexdigest() != digest:
                self._found(f"{path}: its SHA-256 is another one than {MANIFEST} states")
        self._manifest = manifest
        asked = manifest["asked"]
        rest = "all that the asker may know" if manifest["isComplete"] else ", ".join(manifest["truncatedBecause"])
        yield (
            f"{len(stated)} files are what {MANIFEST} states: {asked['direction']} of {asked['of']}, as of"
            f" {asked['asOf']}, as known at {asked['knownAt']}; {manifest['nodes']} nodes,"
            f" {manifest['derivations']} derivations; {'' if manifest['isComplete'] else 'not complete: '}{rest}"
        )

    def _check_signature(self) -> Iterator[str]:  # 3
        document, signature = self._files[MANIFEST], self._files[f"{SIGNED}/{SIGNATURE}"]
        prepared = datetime.fromisoformat(self._manifest["preparedAt"])
        try:
            verified = verify(document, signature, self._trust, prepared_at=prepared, now=prepared + _AFTER)
        except (SignatureRefused, SigningError) as problem:
            self._found(f"{SIGNED}/{SIGNATURE}: the signature does not count: {problem}")
            return
        for name, data in carried(signature, self._manifest["gateway"]).items():
            if self._files.get(f"{SIGNED}/{name}") != data:
                self._found(f"{SIGNED}/{name}: it does not follow from the signature")
        revoked = "not revoked then, by your lists" if self._against.lists else "of revocations nothing here says"
        yield (
            f"{MANIFEST} was signed by {verified.certificate.subject} at {verified.gen_time:%Y-%m-%d %H:%M:%S} UTC;"
            f" {revoked}; whether that certificate is the gateway's own is the authority's word"
        )

    def _check_event(self) -> Iterator[str]:  # 4
        inside = {path.removeprefix(f"{LOG}/"): data for path, data in self._files.items() if IN_LOG.fullmatch(path)}
        events = check_events(inside, self._against.key, self._found)
        if len(events) != 1 or events[0].said is None:
            self._found(f"{LOG}: there is not one event with its body that holds")
            return
        said = events[0].said
        digest = hashlib.sha256(self._files[MANIFEST]).hexdigest()
        if said["kind"] != LineageExported.kind or said["data"] != {**self._manifest["asked"], "manifest": digest}:
            self._found(f"{events[0].id}: the log does not state this manifest")
            return
        self._event = events[0]
        yield f"the log that {self._against.key.name} signs states {MANIFEST} and what was asked, at {said['time']}"

    def _check_asked(self) -> Iterator[str]:  # 5
        if self._event is None or self._event.said is None:
            self._found("who asked is nowhere proven")
            return
        said, by = self._event.said, self._manifest["by"]
        actor = said["actor"]
        roles = by["roles"]
        agency = None if by["agency"] is None else by["agency"]["id"]
        acts = actor["agency"] is not None
        if acts and (actor["role"] not in roles or actor["agency"] != agency):
            self._found(f"{MANIFEST}: the log names another role or agency")
        if not acts and (agency is not None or actor["kind"] not in (ActorKind.PUBLIC, ActorKind.PERSON)):
            self._found(f"{MANIFEST}: it names an agency for which, says the log, nobody asked")
        if said["policy"] != self._manifest["policy"]:
            self._found(f"{MANIFEST}: the log names another access policy")
        for_whom = by["agency"]["name"] if by["agency"] else "nobody in particular"
        yield f"asked as {', '.join(roles)} for {for_whom}, under the access policy {said['policy']}"
