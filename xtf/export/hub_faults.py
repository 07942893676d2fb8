"""What the hub or the network answers to a push, in a sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from xtf.errors import StoreError, XtfError

_AGAIN = "run the same command again later; what has arrived is not sent twice"
_XET_STATUS = re.compile(r"HTTP status \w+ error \((\d{3})\b")  # which hf_xet only tells in words
_BY_STATUS = {
    401: "the hub does not know this token: check that it is whole and not revoked",
    402: "the hub asks for a payment: see the billing settings of the owner",
    403: "this token may not write there: take one with write access, or another owner",
    404: "there is no such repository or branch, or this token may not see it",
    409: "somebody else is changing it at this moment, or something of that name is there already: "
         "try again, or choose another name",
    412: "it was changed while this was sent: push again",
    413: "the hub finds it too large",
    429: "the hub has had too many requests of yours: wait a few minutes",
}


@contextmanager
def told(repo: str) -> Iterator[None]:
    """Turns whatever the hub library raises for a fault outside this program into one sentence.

    Raises: StoreError. A bug keeps its traceback.
    """
    try:
        yield
    except XtfError:
        raise
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise StoreError(f"The export could not be pushed to {repo}: {reason}.") from error


def _reason(error: BaseException) -> str | None:
    """Why, from the error or from what caused it; None for what is no fault of hub or network."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    for one in seen:
        if isinstance(one, OfflineModeIsEnabled):
            return "offline mode is on: unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE"
        if isinstance(one, HfHubHTTPError):
            return _answer(one.response.status_code, one.server_message)
        if found := _XET_STATUS.search(str(one)):
            return _answer(int(found[1]), None)
    for one in seen:
        if type(one).__module__.startswith("hf_xet"):
            return f"the hub's storage did not take the data ({_line(one)}); {_AGAIN}"
        if type(one).__module__.startswith("httpx") or isinstance(one, ConnectionError | TimeoutError):
            return f"the hub cannot be reached or broke off ({_line(one)}): check the network and HF_ENDPOINT, and " \
                   f"{_AGAIN}"
        if isinstance(one, OSError):
            return f"a file could not be read or written ({_line(one)})"
    if isinstance(error, ValueError | RuntimeError):  # an answer that is no answer, or a refusal in words
        return f"the hub did not take it ({_line(error)})"
    return None


def _answer(status: int, message: str | None) -> str:
    words = f" ({_clean(message)})" if message else ""
    if status in _BY_STATUS:
        return f"{_BY_STATUS[status]}{words}"
    if status >= 500:
        return f"the hub is out of order at the moment (HTTP {status}): {_AGAIN}"
    return f"the hub refused it with HTTP {status}{words}"


def _line(error: BaseException) -> str:
    return _clean(next((line for line in str(error).splitlines() if line.strip()), type(error).__name__))


def _clean(words: str) -> str:
    """Foreign words on one short line, without a full stop or signs that a terminal obeys."""
    plain = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", words).split())
    return (plain if len(plain) <= 200 else f"{plain[:199]}…").rstrip(".")
