"""A question to an authority over HTTP, and its answer, of which neither size nor time is left to the authority."""

import time

import httpx


class Unanswered(Exception):
    """It was not answered; the text says how."""


def ask(address: str, question: bytes, kind: str, largest: int, patience: float) -> bytes:
    """The answer's bytes.

    Args:
        address: whom; redirects are not followed.
        question: what is sent.
        kind: the media type of that.
        largest: bytes that an answer may have.
        patience: seconds that it may take, as a whole.

    Raises:
        Unanswered: there is none like that.
    """
    answer = bytearray()
    until = time.monotonic() + patience
    headers = {"Content-Type": kind, "Accept-Encoding": "identity"}
    try:
        with (
            # Proxies of the environment are for the internet: whoever names an address means that one.
            httpx.Client(timeout=patience, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", address, content=question, headers=headers) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise Unanswered(f"it answers {response.status_code}")
            for chunk in response.iter_raw():
                answer += chunk
                if len(answer) > largest:
                    raise Unanswered(f"its answer is larger than {largest} bytes")
                if time.monotonic() > until:
                    raise Unanswered(f"it takes longer than {patience:g} seconds")
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise Unanswered(f"it cannot be reached ({type(problem).__name__})") from None
    return bytes(answer)
