"""What was looked for: out of a request, or out of what a text shows of one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlparse

from recctl.dialects import Dialect, MaterialError, Table, hash_under
from recctl.errors import UnsoundError
from recctl.explain.told import Miss
from recctl.explain.values import FOR_PROOF, Asked
from recctl.recording import Recording
from recctl.shapes import text

_MOST_TRIES = 200
"""So often a printed body is hashed, to see whether it is the one that was looked for."""


def asked(
    document: Any,
    table: Table,
    *,
    test_id: str | None = None,
    url: str | None = None,
    method: str | None = None,
) -> Asked:
    """What was looked for, by a recording, its request object, or the bare body of a request.

    A bare body needs the url that it was sent to. `test_id` counts before one in the document.
    Raises UnsoundError for what is none of these, and where no hash can be computed.
    """
    if not isinstance(document, dict):
        raise UnsoundError("neither a recording nor a request: no object")
    is_bare = False
    if isinstance(document.get("request"), dict):
        made = Recording("", document, 0)
    elif url is None:
        made = Recording("", {"request": document}, 0)
    else:
        made = Recording("", {"request": _request(url, method, document)}, 0)
        is_bare = True
    if made.kind is None:
        raise UnsoundError(
            "neither a recording nor a request of a known kind; of a request's body alone, say"
            " where it was sent: --url URL"
        )
    if test_id is not None:
        made = made.asked_by(test_id)
    try:
        digits = hash_under(table.target, made)
    except MaterialError as error:
        raise UnsoundError(str(error)) from None
    return Asked(_miss_of(made, digits), made, True, table.target.name, is_bare)


def _request(url: str, method: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
    path = path_of(url) or ""
    return {
        "method": method or "POST",
        "url": url,
        "headers": {},
        "body": body,
        "endpoint": path,
        "model": body.get("model", ""),
    }


def _miss_of(recording: Recording, digits: str) -> Miss:
    test_id = recording.test_id
    return Miss(
        hash=digits,
        tests=() if test_id is None else (test_id,),
        model=recording.model,
        method=text(recording.request.get("method")),
        url=text(recording.request.get("url")),
        endpoint=text(recording.request.get("endpoint")),
    )


def understood(miss: Miss, table: Table) -> Asked:
    """A miss with the request that its text shows, if it does: of a tool, or a printed body."""
    if miss.tool is not None:
        provider, name, arguments = miss.tool
        request = {"provider": provider, "tool_name": name, "kwargs": arguments}
        made = Recording("", {"test_id": miss.test_id, "request": request}, 0)
        if arguments is None:
            return Asked(miss)
        digits = hash_under(table.target, made)
        return Asked(replace(miss, hash=digits), made, True, table.target.name)
    url = miss.url or (f"vertexai://{miss.endpoint}" if miss.endpoint else None)
    shown = None
    tries = _MOST_TRIES
    for body in miss.bodies if url is not None else ():
        if not isinstance(body, dict):
            continue
        request = _request(url or "", miss.method, body)
        for test_id in (*miss.tests, None):
            made = Recording("", {"test_id": test_id, "request": request}, 0)
            shown = shown or made
            for dialect in reversed(table.dialects):
                tries -= 1
                if len(miss.hash) >= FOR_PROOF and tries > 0 and is_of(made, dialect, miss.hash):
                    tests = miss.tests if test_id is None else (test_id,)
                    return Asked(replace(miss, tests=tests), made, True, dialect.name, True)
    return Asked(miss, shown, is_bare=True)


def is_of(recording: Recording, dialect: Dialect, digits: str) -> bool:
    """Whether a request's hash under a dialect begins with some digits."""
    try:
        return hash_under(dialect, recording).startswith(digits)
    except (MaterialError, TypeError, ValueError):  # what Python prints need not be JSON
        return False


def path_of(url: str | None) -> str | None:
    """The path of a url, as recorders take it; null for none and for what is no url."""
    try:
        return None if url is None else urlparse(url).path
    except ValueError:
        return None
