"""Checking an exported case, which anybody may have made, against roots and a key that are the verifier's own."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from cryptography.x509 import CertificateRevocationList
from cryptography.x509.ocsp import OCSPResponse

from gateway.audit.event import canonical
from gateway.audit.export import Logged, check_events
from gateway.audit.kinds import CertificateRegistered
from gateway.audit.published import CHECKPOINT
from gateway.graph.times import instant
from gateway.policy.listing import class_table
from gateway.policy.problems import PolicyRefused
from gateway.policy.reading import FILES as POLICY_FILES
from gateway.policy.reading import digest as policy_digest
from gateway.rules import SHANGHAI, Duty, day_of, deadline_of, parse_rules
from gateway.sharing.document import Document
from gateway.sharing.evidence import layout
from gateway.sharing.evidence.against import Against, Checking
from gateway.sharing.evidence.archive import Files
from gateway.sharing.evidence.telling import GRANT_MOVED, GRANT_SUSPENDED, MOVED, policies_of, scope_of, told
from gateway.sharing.filing import WAITS
from gateway.sharing.procedure import is_receipt, step_of
from gateway.sharing.words import Act, CaseState, Procedure
from gateway.signing import SignatureRefused, SigningError, Verified, read_answer, read_list, verify

_NO_POLICY: Final = "none"
_NOON: Final = time(12)
_LARGEST_RULES: Final = 1_000_000
"""Bytes of rule sets that are read: nobody signs them."""
_UNKNOWN: Final = object()


@dataclass(frozen=True, slots=True)
class _Signed:
    """A document whose signature counts."""

    name: str
    stated: dict[str, Any]
    signature: str
    """SHA-256 of the signature file."""
    verified: Verified


def verify_case(files: Files, against: Against, found: Callable[[str], None]) -> Iterator[str]:
    """Check an exported case. Says what was established, step by step; `found` is told of what does not hold.

    1. the export has the files of one, and no others;
    2. every event of the log holds: its proof, its leaf, its body; all under the checkpoint that is there;
    3. every document has a signature that counts, was not revoked by what was known when it was filed, and the files
       beside it follow from it;
    4. an event of the log states the SHA-256 of each document and of each signature file, and the reverse;
    5. from its beginning, each act was possible in the state that the one before left;
    6. the log says for whom each signer's certificate was registered, before it was used;
    7. each policy is the one of its digest, and documents and events name it; the class table follows from it;
    8. the catalogue entry is the one whose SHA-256 the documents name;
    9. the deadline is the one that the log states, and counts again by the rule sets that the gateway states;
    10. what `case.json` says of the case and its grants follows from all this;
    11. what an outcome or an opening builds on is here and grants the same, and both sides have signed an outcome.

    Raises:
        TrustUnusable: roots or lists of the verifier's cannot be read.
    """
    yield from _Check(files, against, found).steps()


class _Check(Checking):
    """One case under way."""

    def __init__(self, files: Files, against: Against, found: Callable[[str], None]) -> None:
        super().__init__(files, against, found)
        self._events: list[Logged] = []
        self._signed: dict[str, _Signed] = {}
        """By the document's SHA-256, in their order."""

    def steps(self) -> Iterator[str]:
        """Every step, in order."""
        return self._taken(
            self._check_names,
            self._check_events,
            self._check_signatures,
            self._check_logged,
            self._check_order,
            self._check_registered,
            self._check_policies,
            self._check_dataset,
            self._check_deadline,
            self._check_case,
            self._check_built,
        )

    @property
    def _contents(self) -> dict[str, dict[str, Any]]:
        return {digest: one.stated for digest, one in self._signed.items()}

    def _matching(self, pattern: Any) -> Iterator[tuple[str, bytes]]:
        """What a pattern's first group finds in each path that it matches, with the bytes."""
        for path, data in sorted(self._files.items()):
            if (match := pattern.fullmatch(path)) is not None:
                yield match[1], data

    def _check_names(self) -> Iterator[str]:  # 1
        for path in sorted(self._files):
            if not layout.is_known(path):
                self._found(f"{path}: no export has such a file")
        for path in (layout.CASE, f"{layout.LOG}/{CHECKPOINT}"):
            if path not in self._files:
                self._found(f"{path} is not there")
        yield f"{len(self._files)} files, none that an export has not"

    def _check_events(self) -> Iterator[str]:  # 2
        inside = {
            path.removeprefix(f"{layout.LOG}/"): data
            for path, data in self._files.items()
            if layout.IN_LOG.fullmatch(path)
        }
        self._events = check_events(inside, self._against.key, self._found)
        for one in self._events:
            if one.checkpoint != inside.get(CHECKPOINT):
                self._found(f"{one.id}: it is proven under another checkpoint than the one that is here")
        bare = sum(one.said is None for one in self._events)
        more = f", {bare} of them without saying what happened" if bare else ""
        yield f"{len(self._events)} events are in the log that {self._against.key.name} signs{more}"

    def _check_signatures(self) -> Iterator[str]:  # 3
        named: set[str] = set()
        for name in dict.fromkeys(name for name, _ in self._matching(layout.IN_DOCUMENT)):
            inside = {path.partition("/")[2]: data for path, data in self._files.items() if path.startswith(f"{name}/")}
            try:
                known: list[str] = self._json(f"{name}/{layout.KNOWN}")
                named.update(known)
                one = self._signature(name, inside, known)
            except (SignatureRefused, SigningError) as problem:
                self._found(f"{name}: the signature does not count: {problem}")
                continue
            except (ValueError, KeyError, TypeError) as problem:
                self._found(f"{name}: the signature does not count: it cannot be read ({problem})")
                continue
            self._signed[hashlib.sha256(inside[layout.DOCUMENT]).hexdigest()] = one
            certificate, at = one.verified.certificate, one.verified.gen_time
            revoked = (
                "not revoked then, by what was known when it was filed"
                if known
                else "whether the certificate was revoked then, nothing here says"
            )
            yield f"{name}: signed by {certificate.subject} at {at:%Y-%m-%d %H:%M:%S} UTC; {revoked}"
        for name, _ in self._matching(layout.IN_REVOCATION):
            if name not in named:
                self._found(f"{layout.REVOCATION}/{name}: no signature was checked by it")

    def _signature(self, name: str, inside: Files, known: list[str]) -> _Signed:
        document, signature = inside[layout.DOCUMENT], inside[layout.SIGNATURE]
        stated = Document(document).stated
        prepared = datetime.fromisoformat(stated["preparedAt"])
        lists, answers = self._known(known)
        trust = replace(
            self._trust,
            revocation_lists=(*self._trust.revocation_lists, *lists),
            answers=answers,
            revocation_required=bool(known),
        )
        verified = verify(document, signature, trust, prepared_at=prepared, now=prepared + WAITS + timedelta(minutes=1))
        for file, data in layout.following(stated, signature).items():
            if inside.get(file) != data:
                self._found(f"{name}/{file}: it does not follow from the document and its signature")
        return _Signed(name, stated, hashlib.sha256(signature).hexdigest(), verified)

    def _known(self, names: list[str]) -> tuple[tuple[CertificateRevocationList, ...], tuple[OCSPResponse, ...]]:
        """The revocation lists and the responders' answers of some names."""
        lists, answers = [], []
        for name in names:
            path = f"{layout.REVOCATION}/{name}"
            digest, _, ending = name.partition(".")
            if hashlib.sha256(self._files[path]).hexdigest() != digest:
                raise ValueError(f"{path} has another SHA-256 than its name")
            if ending == layout.ANSWER_ENDING:
                answers.append(read_answer(self._files[path], path))
            else:
                lists.append(read_list(self._files[path], path))
        return tuple(lists), tuple(answers)

    def _check_logged(self) -> Iterator[str]:  # 4
        logged = {
            one.said["data"]["document"]: one.said["data"]["signature"]
            for one in self._events
            if one.said is not None and one.said["data"].get("document")
        }
        for digest, one in self._signed.items():
            if logged.get(digest) != one.signature:
                self._found(f"{one.name}: no event of the log states this document with this signature file")
        for digest in logged.keys() - self._signed.keys():
            self._found(
                f"the log states a document of SHA-256 {digest} that is not here, or whose signature does not count"
            )
        yield "the log states every document and every signature file"

    def _check_order(self) -> Iterator[str]:  # 5
        states: dict[str, Any] = {}
        first: Any = None
        for one in self._events:
            if one.said is None:
                # Whatever it did, the next act is judged by the state that it says it found.
                states = dict.fromkeys(states, _UNKNOWN)
                first = _UNKNOWN
                continue
            data = one.said["data"]
            if one.said["kind"] == MOVED:
                subject, procedure, begins = one.said["about"]["case"], Procedure(data["procedure"]), first
            elif one.said["kind"] == GRANT_MOVED and data["before"] is None:
                states[data["grant"]] = data["after"]
                continue
            elif one.said["kind"] == GRANT_MOVED:
                subject, procedure, begins = data["grant"], Procedure.GRANT, CaseState.ACTIVE
            elif one.said["kind"] == GRANT_SUSPENDED:
                subject, procedure, begins = data["grant"], Procedure.GRANT, CaseState.ACTIVE
                data = {"act": Act.SUSPEND_ON_CHANGE, "before": CaseState.ACTIVE, "after": CaseState.SUSPENDED}
            else:
                continue
            before = states.get(subject, begins)
            before = data["before"] if before is _UNKNOWN else before
            step = step_of(procedure, None if before is None else CaseState(before), Act(data["act"]))
            if data["before"] != before or step is None or step.target != data["after"]:
                self._found(f"{one.id}: {data['act']} was not possible: {before or 'nothing'} was before it")
            states[subject] = data["after"]
        yield "each act was possible when it was taken"

    def _check_registered(self) -> Iterator[str]:  # 6
        registered = {
            one.said["data"]["fingerprint"]: (one.index, one.said["data"]["person"])
            for one in self._events
            if one.said is not None and one.said["kind"] == CertificateRegistered.kind
        }
        filed = {one.said["data"].get("document"): one.index for one in reversed(self._events) if one.said is not None}
        silent = []
        for digest, one in self._signed.items():
            if is_receipt(one.stated):
                yield f"{one.name}: a receipt, which the gateway signs; whether that certificate is its own is its word"
                continue
            index, person = registered.get(one.verified.certificate.fingerprint, (None, None))
            if index is None:
                silent.append(one.name)
            elif person != one.stated["by"]["person"]["id"] or index > filed.get(digest, index):
                self._found(f"{one.name}: its certificate is not registered for who signed, or was later")
        if len(silent) < sum(not is_receipt(one.stated) for one in self._signed.values()):
            yield "the log states for whom the signers' certificates were registered"
        if silent:
            yield f"whose certificates signed {', '.join(silent)} is the gateway's word: no registration is here"

    def _check_policies(self) -> Iterator[str]:  # 7
        by_documents = {one.stated["policy"] for one in self._signed.values()} - {_NO_POLICY}
        by_events = policies_of(self._events) - {_NO_POLICY}
        here = dict.fromkeys(digest for digest, _ in self._matching(layout.IN_POLICY))
        for digest in here:
            path = f"{layout.POLICIES}/{digest}"
            if digest not in by_documents | by_events:
                self._found(f"{path}: no document and no event names this policy")
                continue
            texts = {name: self._files[f"{path}/{name}"].decode() for name in POLICY_FILES}
            if policy_digest(texts) != digest:
                self._found(f"{path}: its digest is another one")
                continue
            try:
                follows = canonical(dict(class_table(texts)))
            except PolicyRefused:
                yield f"the policy {digest} is the one that was named; its class table cannot be told by this release"
                continue
            if self._files.get(f"{path}/{layout.CLASSES}") != follows:
                self._found(f"{path}/{layout.CLASSES}: it does not follow from the policy")
            yield f"the policy {digest} is the one that was in force, with its class table"
        for digest in sorted(by_documents - here.keys()):
            self._found(f"the policy {digest} that a document names is not here")
        for digest in sorted(by_events - by_documents - here.keys()):
            yield f"the policy {digest} that an event names is not here"

    def _check_dataset(self) -> Iterator[str]:  # 8
        named = {scope["dataset"]["digest"] for one in self._contents.values() if (scope := scope_of(one)) is not None}
        here = dict(self._matching(layout.IN_DATASET))
        for digest, data in here.items():
            if digest not in named or hashlib.sha256(data).hexdigest() != digest:
                self._found(f"{layout.DATASET}/{digest}.json: it is not an entry that a document names")
            yield f"the catalogue entry of SHA-256 {digest} is the one that the documents name"
        for digest in sorted(named - here.keys()):
            yield f"the documents name a catalogue entry of SHA-256 {digest}, which is not here"

    def _check_deadline(self) -> Iterator[str]:  # 9
        rules = dict(self._matching(layout.IN_RULES))
        if layout.DEADLINE not in self._files:
            if rules:
                self._found(f"{layout.RULES}/: there is no deadline that was counted by it")
            return
        said = self._json(layout.DEADLINE)
        data = [one.said["data"] for one in self._events if one.said is not None]
        due = [one["due"] for one in data if one.get("due") is not None and "escalation" not in one]
        if not due or due[-1] != said["dueAt"]:
            self._found(f"{layout.DEADLINE}: the log states another deadline")
        start = date.fromisoformat(said["startedOn"])
        prepared = [datetime.fromisoformat(one["preparedAt"]) for one in self._contents.values()]
        if not any(day_of(one) <= start <= day_of(one + WAITS) for one in prepared):
            self._found(f"{layout.DEADLINE}: nothing was filed on the day on which it begins")
        scope = next((scope for one in self._contents.values() if (scope := scope_of(one)) is not None), {})
        if said["ruleBook"] is None or said["calendar"] != self._against.calendar.digest or "provider" not in scope:
            yield f"an answer was due by {said['dueAt']}, as the log states; by which days is the gateway's word"
            return
        self._recount(said, rules, start, scope["provider"]["code"])
        yield f"an answer was due by {said['dueAt']}, as the log states; it counts again by rule sets of the gateway's"

    def _recount(self, said: Mapping[str, Any], rules: Mapping[str, bytes], start: date, agency: str) -> None:
        text = rules.get(said["ruleBook"], b"")
        if rules.keys() != {said["ruleBook"]} or hashlib.sha256(text).hexdigest() != said["ruleBook"]:
            self._found(f"{layout.RULES}/: these are not the rule sets that the deadline names")
            return
        if len(text) > _LARGEST_RULES:
            raise ValueError("rule sets of this size are not read")
        began = datetime.combine(start, _NOON, SHANGHAI)
        counted = deadline_of(
            parse_rules(text, layout.RULES), self._against.calendar, Duty(said["duty"]), agency, began
        )
        clocks = [
            {
                "rule": clock.rule.name,
                "basis": clock.rule.basis,
                "dueAt": instant(clock.due_at),
                "counted": [str(day) for day in clock.counted],
            }
            for clock in counted.clocks
        ]
        if said["clocks"] != clocks or said["dueAt"] != instant(counted.due_at):
            self._found(f"{layout.DEADLINE}: counted again, it is another one")

    def _check_case(self) -> Iterator[str]:  # 10
        said = self._json(layout.CASE)
        follows = told(self._events, self._contents)
        for name in sorted(said.keys() | follows.keys()):
            if name in follows and said.get(name) != follows[name]:
                what = "the grants are not what was signed" if name == "grants" else f"{name} is not what follows"
                self._found(f"{layout.CASE}: {what}")
        if silent := sorted(said.keys() - follows.keys()):
            yield f"of the case, the gateway's word are: {', '.join(silent)}"
        yield "where the case and its grants stand is what was signed and logged"

    def _check_built(self) -> Iterator[str]:  # 11
        for one in self._signed.values():
            content = one.stated["content"]
            for name in _BUILT_ON:
                if name not in content:
                    continue
                base = self._signed.get(content[name])
                if base is None:
                    self._found(f"{one.name}: the document that it builds on, its {name}, is not here")
                elif base.stated["content"].get("granted") != content["granted"]:
                    self._found(f"{one.name}: it does not grant what its {name} grants")
                elif name == "outcome" and base.stated["by"]["agency"] == one.stated["by"]["agency"]:
                    self._found(f"{one.name}: the side that proposed the outcome has signed it a second time")
        yield "what an outcome, an authorisation or an opening builds on grants the same"


_BUILT_ON: Final = ("outcome", "answer", "authorisation")
"""How documents name the ones that they build on, by their SHA-256."""
