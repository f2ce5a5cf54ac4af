"""The log's signing key: made at the first start, kept in the state directory for its owner alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from gateway.audit.errors import LogDamaged
from gateway.audit.tlog import BadFormat, Signer


def load_signer(path: Path, origin: str) -> Signer:
    """The key in a file; made now when there is none.

    Raises:
        LogDamaged: the file holds no key, or one of a log of another name.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{Signer.generate(origin).skey}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: a key that is there already is never replaced.
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    try:
        signer = Signer.parse(path.read_text("utf-8"))
    except (BadFormat, UnicodeDecodeError) as problem:
        raise LogDamaged(f"{path} holds no signing key of a log ({problem}); put the right one back") from None
    if signer.name != origin:
        raise LogDamaged(
            f"the log in {path.parent} is named {signer.name!r}, GATEWAY_LOG_ORIGIN is {origin!r}. A log keeps its "
            "name: set the option back, or give this gateway a state directory of its own with GATEWAY_STATE."
        )
    return signer
