"""A receiver verifies by the published rule alone, with the key that it wrote down; nothing changed passes."""

import re
import stat
import threading
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.kinds import KINDS
from gateway.notices import KEY_FILE, NoticeKey
from gateway.notices.key import KeyUnusable
from tests.notices.receiving import Receiver
from tests.notices.telling import Telling

DOCUMENT: Final = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")


def recipe() -> Callable[..., None]:
    """The recipe of the documentation, as a reader would paste it."""
    (text,) = re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    found: dict[str, Any] = {}
    exec(text, found)  # our own document
    return found["verify"]  # type: ignore[no-any-return]


async def test_what_comes_is_signed_as_the_specification_says(telling: Telling, receiver: Receiver) -> None:
    """By the text of Standard Webhooks: `{msg_id}.{timestamp}.{payload}`, ed25519, base64, `v1a`; `whpk_` the key."""
    await telling.register(receiver)
    await telling.happens("cs_1")
    await telling.sweep()
    (request,) = receiver.requests
    identifier, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    assert "." not in identifier
    assert int(at) == int(telling.now.timestamp())
    version, signature = request.headers["webhook-signature"].split(",")
    assert version == "v1a"
    prefix, key = telling.key.public.split("_", 1)
    assert prefix == "whpk"
    public = Ed25519PublicKey.from_public_bytes(b64decode(key, validate=True))
    public.verify(b64decode(signature, validate=True), f"{identifier}.{at}.".encode() + request.body)


async def test_the_recipe_of_the_document_takes_it_and_nothing_that_was_changed(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.register(receiver)
    await telling.happens("cs_1")
    await telling.sweep()
    (request,) = receiver.requests
    verify, key, now = recipe(), telling.key.public, int(telling.now.timestamp())
    verify(key, request.headers, request.body, now)
    for place in range(len(request.body)):
        changed = bytearray(request.body)
        changed[place] ^= 1
        with pytest.raises(InvalidSignature):
            verify(key, request.headers, bytes(changed), now)
    for header, value in (("webhook-id", "nt_other"), ("webhook-timestamp", str(now - 1))):
        with pytest.raises(InvalidSignature):
            verify(key, {**request.headers, header: value}, request.body, now)
    with pytest.raises(ValueError, match="old"):
        verify(key, request.headers, request.body, now + 301)
    with pytest.raises(ValueError, match="another kind"):
        verify(key, {**request.headers, "webhook-signature": "v1,AAAA"}, request.body, now)
    other = NoticeKey.load(telling.city.state / "another").public
    with pytest.raises(InvalidSignature):
        verify(other, request.headers, request.body, now)


def test_the_document_names_the_kinds_that_agencies_are_told_of() -> None:
    told = {name for name, kind in KINDS.items() if kind.told}
    assert told == {
        "case.moved",
        "grant.moved",
        "grant.suspended",
        "treatment.differed",
        "deadline.escalated",
        "deadline.recounted",
        "lineage.tightened",
        "lineage.redistribution",
    }
    sentence = DOCUMENT.partition("nothing else:")[2].partition("(`docs")[0]
    assert {*re.findall(r"`([a-z.-]+)`", sentence)} == told


def test_the_key_is_the_owners_alone_and_the_same_for_all_who_come_at_once(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(NoticeKey.load(tmp_path).public)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {*found} == {NoticeKey.load(tmp_path).public}
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "whsk_", "whsk_AAAA", "whpk_" + "A" * 43 + "=", "whsk_é", "nothing"])
def test_a_file_that_holds_no_key_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / KEY_FILE).write_text(text, "utf-8")
    with pytest.raises(KeyUnusable, match=KEY_FILE):
        NoticeKey.load(tmp_path)
    assert (tmp_path / KEY_FILE).read_text("utf-8") == text
