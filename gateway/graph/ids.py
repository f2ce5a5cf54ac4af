"""Global ids, derived from natural keys: the same thing has the same id on every machine and in every import."""

import base64
import hashlib
import secrets
from typing import Final

PREFIXES: Final = frozenset(
    {"ju_", "ag_", "ds_", "dv_", "fd_", "di_", "pe_", "ap_", "gr_", "so_", "wh_", "nt_", "xn_", "ln_"}
)
"""Jurisdiction, Agency, Dataset, DatasetVersion, Field, Distribution, Person, Appointment, Grant, Source, Webhook,
Notice, External, LineageName."""
RANDOM: Final = frozenset({"cs_", "gr_", "dc_", "sg_", "sy_", "ma_"})
"""Case, Grant, Document, signing, System, approval of a mask: what comes into being here and has no key of its own."""

_SEPARATOR: Final = "\x1f"


def make_id(prefix: str, *parts: str) -> str:
    """The id of the thing of kind `prefix` (`ds_`) whose natural key is `parts`.

    Returns:
        `prefix` and 26 characters of lowercase base32 (128 bits of SHA-256). It reveals neither how
        many things there are nor in which order they came, and cannot be turned back into the key.

    Raises:
        ValueError: an unknown prefix, no key, or a part that holds the separator (two keys would share an id).
    """
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}; known are {', '.join(sorted(PREFIXES))}")
    if not parts or any(_SEPARATOR in part for part in parts):
        raise ValueError("an id needs at least one key part, and none may hold U+001F")
    digest = hashlib.sha256(_SEPARATOR.join((prefix, *parts)).encode("utf-8", "surrogatepass")).digest()
    return _spelled(prefix, digest[:16])


def random_id(prefix: str) -> str:
    """An id that nothing else has, and that nobody can guess.

    Raises:
        ValueError: a prefix of things whose ids follow from their keys.
    """
    if prefix not in RANDOM:
        raise ValueError(f"unknown id prefix {prefix!r}; known are {', '.join(sorted(RANDOM))}")
    return _spelled(prefix, secrets.token_bytes(16))


def _spelled(prefix: str, number: bytes) -> str:
    return f"{prefix}{base64.b32encode(number).decode('ascii').rstrip('=').lower()}"
