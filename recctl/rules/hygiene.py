"""Rules on what should not be kept: failures, nothing at all, the same twice, the unexpected."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from ipaddress import ip_address
from pathlib import PurePath
from typing import Any
from urllib.parse import SplitResult

from recctl.diagnostics import Violation
from recctl.dialects import Standing, is_model_list
from recctl.globs import matcher
from recctl.jsontext import first_few, pointer_of
from recctl.recording import Recording
from recctl.rules.subject import Member, Subject
from recctl.safetext import one_line
from recctl.shapes import fields, items, text
from recctl.wire import unwrapped

_LONGEST = 100
"""Characters of a name out of a recording that are quoted or compared."""

_CAUSES = {
    "the credentials were refused": (
        *("401", "407", "authenticationerror", "authenticationrequirederror"),
        *("invalidapikey", "apikeyinvalid", "unauthorized", "unauthenticated"),
    ),
    "access was refused": (
        *("403", "forbidden", "permissiondenied", "permissiondeniederror", "permissionerror"),
        *("accessdenied", "accessdeniederror", "accessdeniedexception"),
    ),
    "the account has no credit left": (
        *("402", "paymentrequired", "insufficientquota", "billinghardlimitreached"),
    ),
    "too many requests": (
        *("429", "ratelimiterror", "ratelimitexceeded", "toomanyrequests"),
        *("resourceexhausted", "quotaexceeded", "throttlingexception"),
    ),
    "no answer came in time": (
        *("408", "504", "524", "timeout", "timeouterror", "apitimeouterror", "requesttimedout"),
        *("readtimeout", "writetimeout", "connecttimeout", "pooltimeout", "deadlineexceeded"),
    ),
    "the provider was not reached": (
        *("connectionerror", "apiconnectionerror", "connecterror", "clientconnectorerror"),
        *("connectionrefusederror", "connectionreseterror", "connectionabortederror"),
        *("remoteprotocolerror", "serverdisconnectederror", "networkerror"),
        *("readerror", "writeerror"),
    ),
    "the provider broke down": (
        *("500", "502", "503", "507", "508", "520", "521", "522", "523", "525", "526", "529"),
        *("530", "internalservererror", "internalerror", "servererror", "badgateway"),
        *("overloaded", "overloadederror", "unavailable"),
        *("serviceunavailable", "serviceunavailableerror", "serviceunavailableexception"),
    ),
}
"""What a failure is due to where not to the request -> how it is told: HTTP statuses, names of
exceptions, error codes; only lower-case letters and digits of them. 501 is missing on purpose: it
is the same on every day. Source: RFC 9110, section 15, and the providers' public API references.
"""

_CAUSE_OF = {word: cause for cause, words in _CAUSES.items() for word in words}

_STATUS_IN_MESSAGE = re.compile(r"Error code: ([45][0-9]{2})\b")
"""How the client library of OpenAI begins the message of an HTTP error."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,60}")
"""Names and codes, which are quoted. Messages are not: they may quote a request, or a key."""

_ABOUT_ERRORS = re.compile(
    r"error|exception|fail|invalid|reject|refuse|denied|forbidden|unauthori[sz]ed"
    r"|timeout|unavailable|rate_?limit|retry|retries|raises",
    re.IGNORECASE,
)

_DEFAULT_PORTS = {"http": 80, "https": 443}


def recorded_failure(subject: Subject) -> Iterator[Violation]:
    """A failure that was not the request's fault is kept as the answer.

    The provider refused the credentials, had too many requests, broke down, was not reached, or
    did not answer in time. On another day the same request would be answered, but every replay
    fails as this one did. Where a test's file, class or function is named after errors, such a
    failure is taken to be what the test is about, and is a `recorded-exception`.

    What to do: record again; if the failure is what the test is about, say so in its name.
    """
    failure = _failure(subject)
    if failure is not None and failure.cause and not _is_about_errors(subject.recording):
        yield Violation(failure.pointer, f"{failure.words}: {failure.cause}")


def recorded_exception(subject: Subject) -> Iterator[Violation]:
    """An error is kept as the answer.

    That is an exception, an HTTP status of 400 or more, or an error in place of a result. Tests of
    errors need such recordings. Elsewhere one may be left from an attempt that went wrong: the
    message says where a test is not named after errors. Streams that end in an error have rules of
    their own.

    What to do: nothing, if a test expects the error; else record again, or delete the file.
    """
    failure = _failure(subject)
    if failure is None or subject.recording is None:
        return
    expected = _is_about_errors(subject.recording)
    if expected or not failure.cause:
        in_doubt = subject.recording.test_id is not None and not expected
        doubt = "; the test is not named after errors" if in_doubt else ""
        yield Violation(failure.pointer, f"{failure.words}, kept as the answer{doubt}")


def empty_answer(subject: Subject) -> Iterator[Violation]:
    """The answer holds nothing.

    An object without members or with nulls only, a list without items, embeddings without vectors,
    a list of models without models. A replay gives a client nothing to work with, and a test that
    passes all the same proves nothing. What may well be empty is not meant: the results of a tool
    or a search, and the models that are running. Streams, missing bodies and chats without text
    have rules of their own.

    What to do: record again.
    """
    recording, answer = subject.recording, subject.answer
    if recording is None or answer is None or recording.is_streaming:
        return
    told, body = answer.transcript, recording.body
    if told.warnings or _failure(subject) is not None:
        return
    if isinstance(body, list) and not body:
        yield Violation("/response/body", "a list with nothing in it")
    if not isinstance(body, dict):
        return
    data = fields(unwrapped(body)[1])
    if all(value is None for value in data.values()):
        yield Violation("/response/body", "an object with nothing in it")
    elif told.format == "embeddings" and _lacks_vectors(data, told.extra.get("dimensions")):
        yield Violation("/response/body", "embeddings without vectors")
    elif told.format == "models" and is_model_list(recording) and not items(data.get("models")):
        yield Violation("/response/body", "a list of models without models")


def redundant(files: Sequence[Member]) -> Iterator[tuple[str, Violation]]:
    """Another recording of the same test answers the same request.

    Today's hash rules give both the same name, so at most one of them is ever replayed: the one
    that has this name. They were made under older rules that told the two apart, or one of them
    was edited. The answers may differ, and the test sees only one. Files of the same name in
    several folders are `duplicate`, which is another rule.

    What to do: keep the one that the message names, and delete this one. If neither is found
    today, keep the one whose answer the test needs.
    """
    same: dict[tuple[str | None, str], list[Member]] = {}
    for one in files:
        if one.wanted is not None and not one.lists_models:
            same.setdefault((one.test_id, one.wanted), []).append(one)
    for group in same.values():
        if len(group) == 1:
            continue
        by_name: dict[str, Member] = {}
        for one in sorted(group, key=lambda one: PurePath(one.path).parts):
            by_name.setdefault(one.file_name, one)
        kept, *others = sorted(by_name.values(), key=lambda one: not _is_found(one))
        known = "which is found today" if _is_found(kept) else "and neither is found today"
        for one in others:
            if not _is_found(one):
                said = f"asks the same as {one_line(kept.path)}, {known}"
                yield one.path, Violation("/request", said)


def foreign_host(subject: Subject) -> Iterator[Violation]:
    """The request went to a host that is not among the allowed ones.

    A search-and-replace over a repository rewrites urls too, so that recordings name hosts which
    were never called. Checked where the configuration has `allowed-hosts`: globs of host names,
    any port, or of names with a port, as `localhost:11434`; IPv6 addresses with a port stand in
    brackets. User names and passwords in a url do not count, nor does the case of letters. A url
    without a host, as in-process clients have it (`vertexai:///generate_content`), is left alone;
    one of http or https is not.

    What to do: restore the url, or allow the host if it is right.
    """
    recording, allowed = subject.recording, subject.policy.allowed_hosts
    if recording is None or allowed is None:
        return
    url = text(recording.request.get("url"))
    if url is None:
        return
    host, port, shown = _host(recording.url)
    if recording.url is None or (not host and recording.url.scheme in _DEFAULT_PORTS):
        yield Violation("/request/url", "the url has no host that can be read", secret="@" in url)
    elif host and not any(_host_matcher(glob)(host, port) for glob in allowed):
        near = _nearest(shown, allowed)
        yield Violation("/request/url", f"{shown} is not allowed{near}", secret="@" in url)


def unknown_type(subject: Subject) -> Iterator[Violation]:
    """The answer names a type that is not among the allowed ones.

    A recorder imports the module that `__type__` names when it replays, so a recording from a
    stranger runs what it likes; and a type that was renamed or removed since cannot be replayed.
    Checked where the configuration has `allowed-types`: globs of names with their modules, as
    `openai.types.*`. Every `__type__` in the answer counts, however deep. Nothing is imported to
    check it.

    What to do: look at the type before replaying; allow it if it is right, else restore the file.
    """
    recording, allowed = subject.recording, subject.policy.allowed_types
    if recording is None or allowed is None:
        return
    matchers = [matcher(glob) for glob in allowed]
    unknown = [
        (name, pointer, count)
        for name, (pointer, count) in _types(recording.response.get("body")).items()
        if name is None or not any(matches(name) for matches in matchers)
    ]
    for (name, pointer, count), others in first_few(unknown):
        what = "what is no name" if name is None else _shortened(name)
        times = f", {count:,} times" if count > 1 else ""
        yield Violation(pointer, f"{what} is no allowed type{times}{others}")


def oversized(subject: Subject) -> Iterator[Violation]:
    """The file is larger than allowed.

    Version control keeps every version of it for good, so one such file makes each clone slower.
    The limit is `max-size` in the configuration, in bytes; without one, 5 MiB. The largest real
    recording known has 2 MB.

    What to do: let the test ask for less, and record again.
    """
    most = subject.policy.max_size
    if subject.size > most:
        yield Violation("", f"{subject.size:,} bytes, more than the {most:,} that are allowed")


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error in place of an answer: where, what it is in names and codes, and its cause.

    The cause is "" where the request may be to blame.
    """

    pointer: str
    words: str
    cause: str


def _failure(subject: Subject) -> _Failure | None:
    """The error that was recorded for an answer; null for none, and for one that ended a stream."""
    recording, answer = subject.recording, subject.answer
    if recording is None or answer is None:
        return None
    response, body = recording.response, recording.body
    if response.get("is_exception") is True:
        if any(oddity.code == "stream-exception" for oddity in answer.transcript.warnings):
            return None
        told = fields(response.get("exception_data"))
        pointer = "/response/exception_data" if told else "/response/is_exception"
        message = text(told.get("message")) or text(response.get("exception_message"))
        return _told("exception", pointer, _signs(told), _status(told), message)
    data = fields(unwrapped(body)[1])
    status = _status(response)
    if data.get("error") or data.get("status") == "failed" or _is_failed_tool(body, data):
        message = text(data.get("error")) or text(data.get("error_message"))
        return _told("error", "/response/body", _signs(data), status, message)
    return _told("error", "/response/status", [], status, None) if status else None


def _told(
    what: str, pointer: str, signs: list[str], status: str | None, message: str | None
) -> _Failure:
    """The failure that names, codes, a status and a message of an error amount to."""
    message = message or ""
    begins = _STATUS_IN_MESSAGE.match(message)
    known = [*signs, *filter(None, [status or (begins and begins[1])])]
    words = dict.fromkeys([what, *(sign for sign in known if _NAME.fullmatch(sign))])
    plain = (re.sub("[^a-z0-9]", "", sign[:_LONGEST].lower()) for sign in [*known, message])
    cause = next((_CAUSE_OF[sign] for sign in plain if sign in _CAUSE_OF), "")
    return _Failure(pointer, " ".join(words), cause)


def _signs(told: Mapping[str, Any]) -> list[str]:
    """The names and codes of an error: its own, those inside, and the reasons that Google gives."""
    own = fields(told.get("error"))
    sent = fields(told.get("body"))
    inner = fields(sent.get("error"))
    found = [text(told.get("type")) if told.get("type") != "error" else None]
    for one in (own, sent, inner):
        found += [_sign(one.get(key)) for key in ("type", "code", "status")]
        found += [text(fields(each).get("reason")) for each in items(one.get("details"))[:10]]
    found.append(_sign(told.get("error_code")))
    return list(dict.fromkeys(sign for sign in found if sign))[:5]


def _sign(value: object) -> str | None:
    return str(value) if type(value) is int and abs(value) < 1000 else text(value)


def _status(told: Mapping[str, Any]) -> str | None:
    """The HTTP status of an error, as text; null where there is none."""
    for value in (told.get("status_code"), told.get("status")):
        if type(value) is int and 400 <= value < 600:
            return str(value)
    return None


def _is_failed_tool(body: object, data: Mapping[str, Any]) -> bool:
    is_result = unwrapped(body)[0].endswith(".ToolInvocationResult")
    return is_result and bool(data.get("error_message") or data.get("error_code"))


def _is_about_errors(recording: Recording | None) -> bool:
    """Whether the test that owns a recording is named after errors; parameters do not count."""
    test_id = (recording.test_id if recording else None) or ""
    file, _, names = test_id.partition("[")[0].partition("::")
    return _ABOUT_ERRORS.search(f"{file.rpartition('/')[2]}::{names}") is not None


def _lacks_vectors(data: Mapping[str, Any], lengths: object) -> bool:
    return not (data.get("data") or data.get("embeddings")) or lengths == [0]


def _is_found(one: Member) -> bool:
    return one.standing is Standing.REACHABLE


def _host(url: SplitResult | None) -> tuple[str, int | None, str]:
    """A url's host and port, and both as they are shown. The port of the scheme where none is."""
    if url is None:
        return "", None, ""
    host = _plain(url.hostname or "")
    port = given = None
    with suppress(ValueError):  # a port that is no number, or too high
        given = url.port
        port = _DEFAULT_PORTS.get(url.scheme) if given is None else given
    bracketed = f"[{host}]" if ":" in host else host
    return host, port, _shortened(bracketed if given is None else f"{bracketed}:{given}")


def _plain(host: str) -> str:
    """A host in lower case, without the dot of its root; IPv6 addresses in their short form."""
    host = host.lower().removesuffix(".")
    if ":" not in host:
        return host
    try:
        return ip_address(host).compressed
    except ValueError:
        return host


@cache
def _host_matcher(glob: str) -> Callable[[str, int | None], bool]:
    """A test of whether an allowed host means a host and port."""
    if glob.startswith("["):
        host, _, port = glob[1:].partition("]")
        port = port.removeprefix(":")
    else:
        # More than one colon is an IPv6 address, which has no port without brackets.
        host, _, port = glob.partition(":") if glob.count(":") == 1 else (glob, "", "")
    is_host, is_port = matcher(_plain(host)), matcher(port or "*")
    any_port = port in ("", "*")

    def matches(name: str, number: int | None) -> bool:
        return is_host(name) and (any_port or (number is not None and is_port(str(number))))

    return matches


def _nearest(host: str, allowed: tuple[str, ...]) -> str:
    near = get_close_matches(host, [_shortened(one) for one in allowed], n=1, cutoff=0)
    return f"; the nearest that is: {near[0]}" if near else ""


def _types(body: Any) -> dict[str | None, tuple[str, int]]:
    """Each `__type__` in an answer, in order -> the pointer of the first, and how many there are.

    All that are no names are one, null.
    """
    seen: dict[str | None, tuple[str, int]] = {}
    place: list[str | int] = ["response", "body"]

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            if "__type__" in value:
                name = value["__type__"] if isinstance(value["__type__"], str) else None
                pointer, count = seen.get(name) or (pointer_of([*place, "__type__"]), 0)
                seen[name] = pointer, count + 1
            members: Any = value.items()
        else:
            members = enumerate(value)
        for part, item in members:
            if isinstance(item, (dict, list)):
                place.append(part)
                visit(item)
                place.pop()

    if isinstance(body, (dict, list)):
        visit(body)
    return seen


def _shortened(name: str) -> str:
    """A name that may come from a stranger, fit to be quoted."""
    shown = one_line(name[: _LONGEST + 1])
    return shown if len(name) <= _LONGEST else one_line(name[: _LONGEST - 1]) + "…"
