"""Which form a client wants, by its Accept header (RFC 9110, section 12.5.1)."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from gateway.delivery import Form

T = TypeVar("T")
_TYPES: Final = {
    "application/json": Form.JSON,
    "application/x-ndjson": Form.NDJSON,
    "application/jsonl": Form.NDJSON,
    "text/csv": Form.CSV,
    "application/vnd.apache.parquet": Form.PARQUET,
    "application/vnd.apache.arrow.stream": Form.ARROW,
}


def form_of(accept: str | None) -> Form | None:
    """The form that is wanted most; of those that are wanted alike the first of `Form`. None where none is."""
    return wanted_of(accept, _TYPES, list(Form))


def wanted_of(accept: str | None, types: Mapping[str, T], order: list[T]) -> T | None:
    """Of what media types stand for, what is wanted most; of what is wanted alike the first. None where none is."""
    if not accept:
        return order[0]
    wanted = list(_ranges(accept))

    def quality(media_type: str) -> float:
        """That of the most specific range that the type is in."""
        fitting = [(one.count("*"), q) for one, q in wanted if _is_in(media_type, one)]
        return min(fitting, default=(0, 0.0))[1]

    best = max(types, key=lambda one: (quality(one), -order.index(types[one])))
    return types[best] if quality(best) > 0 else None


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.lower().split(","):
        media_type, *parameters = (one.strip() for one in part.split(";"))
        q = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            yield media_type, min(max(float(q), 0.0), 1.0)
        except ValueError:
            yield media_type, 0.0


def _is_in(media_type: str, wanted: str) -> bool:
    kind = media_type.partition("/")[0]
    return wanted in (media_type, f"{kind}/*", "*/*")
