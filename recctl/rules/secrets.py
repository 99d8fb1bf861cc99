"""The rule on credentials in recordings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from recctl import secrets
from recctl.diagnostics import Violation
from recctl.jsontext import first_few
from recctl.rules.subject import Subject
from recctl.safetext import one_line


def secret(subject: Subject) -> Iterator[Violation]:
    """The recording holds a credential.

    Recordings are committed, and a repository is read by more people than a key is meant for; once
    pushed, it stays in the history. Looked for in every string, after decoding JSON in strings,
    server-sent events, percent-encoding and base64, and in what an answer's chunks make together.
    The message says what kind it is, where, how it was encoded and how long, and never quotes it.
    Needs `pip install 'recctl[secrets]'`; without it, nothing is looked for. Nothing is verified.

    What to do: revoke the credential first, as it must be taken for known. Then record again
    without it, and take it out of the history if it was pushed.
    """
    if subject.parsed is None or not secrets.available():
        return
    parsed = subject.parsed
    if parsed.readable:
        joined = _joined(subject)
        if secrets.may_hold_json(parsed.text) or any(map(secrets.may_hold, joined)):
            yield from _violations(secrets.secrets_in(parsed.value, joined))
    elif secrets.may_hold(parsed.text):
        # Of a text that is no JSON, each line is a string of its own.
        for one in _violations(secrets.secrets_in(parsed.text.split("\n"))):
            yield replace(one, pointer="", line=int(one.pointer[1:]) + 1)


def _violations(found: Sequence[secrets.Secret]) -> Iterator[Violation]:
    for one, others in first_few(found):
        yield Violation(one.pointer, _message(one) + others, secret=True)


def _message(one: secrets.Secret) -> str:
    how = f", in {' in '.join(reversed(one.encodings))}" if one.encodings else ""
    where = f", in {one.places} places" if one.places > 1 else ""
    return f"{one_line(one.kind)}, {one.length} characters{how}{where}; revoke it"


def _joined(subject: Subject) -> list[str]:
    """The texts that the chunks of an answer make together, each of which may be split."""
    if subject.answer is None or subject.recording is None:
        return []
    if not isinstance(subject.recording.body, list):
        return []
    texts: list[str | None] = []
    for choice in subject.answer.transcript.choices:
        texts += [choice.text, choice.reasoning, choice.refusal]
        texts += [call.arguments_raw for call in choice.tool_calls]
    return [text for text in texts if isinstance(text, str) and text]
