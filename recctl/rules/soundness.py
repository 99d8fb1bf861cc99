"""Rules on a file's bytes: can they be read, and are they sound JSON?"""

from collections.abc import Iterator

from recctl.diagnostics import Violation
from recctl.jsontext import Soundness
from recctl.rules.subject import Subject


def unreadable(subject: Subject) -> Iterator[Violation]:
    """The file cannot be read.

    It vanished during the run, its permissions forbid it, it is no regular file, it is too
    large, or it is a link that leads out of the corpus. Links that stay inside are followed.

    What to do: restore the file, correct its permissions, or remove it.
    """
    if subject.obstacle is not None:
        yield Violation("", f"cannot be read: {subject.obstacle}")


def not_utf8(subject: Subject) -> Iterator[Violation]:
    """The file is not UTF-8.

    JSON is UTF-8 (RFC 8259, section 8.1); a replay fails on anything else.

    What to do: `recctl restore` brings back what a commit has; or convert it with an editor.
    """
    yield from _flaws(subject, Soundness.NOT_UTF8)


def byte_order_mark(subject: Subject) -> Iterator[Violation]:
    """The file starts with a byte order mark.

    Some editors add one on saving. Python's JSON reader, and so a replay, refuses it.

    What to do: `recctl restore` brings back what a commit has; or save it without the mark.
    """
    yield from _flaws(subject, Soundness.BYTE_ORDER_MARK)


def merge_markers(subject: Subject) -> Iterator[Violation]:
    """The file holds the markers of an unresolved merge.

    Two branches recorded the same request and got different answers. Either side is a whole
    recording; a mixture of both is none.

    What to do: take one side, with `git checkout --ours` or `--theirs` and the path, then `git
    add`. Were the markers committed, `recctl restore FILE --list` names the commits before.
    """
    yield from _flaws(subject, Soundness.MERGE_MARKERS)


def invalid_json(subject: Subject) -> Iterator[Violation]:
    """The file is not JSON.

    It is empty, cut off, edited by hand into something else, or nested deeper than 200 levels.
    Real recordings have about 14.

    What to do: `recctl restore` brings back what a commit has; or record it again.
    """
    yield from _flaws(subject, Soundness.INVALID_JSON)


def duplicate_keys(subject: Subject) -> Iterator[Violation]:
    """An object holds the same key twice.

    Readers keep the last one, silently. It comes from merging or editing by hand; the recorder
    cannot write it.

    What to do: `recctl restore` brings back what a commit has; or delete the member that is wrong.
    """
    yield from _flaws(subject, Soundness.DUPLICATE_KEYS)


def not_a_number(subject: Subject) -> Iterator[Violation]:
    """A number is NaN or Infinity, which JSON does not have.

    Python writes and reads them; other readers refuse the whole file.

    What to do: `recctl restore` brings back what a commit has. Was it recorded so, record again; an
    answer that holds NaN is rarely a good one.
    """
    yield from _flaws(subject, Soundness.NOT_A_NUMBER)


def _flaws(subject: Subject, soundness: Soundness) -> Iterator[Violation]:
    for flaw in subject.parsed.flaws if subject.parsed else ():
        if flaw.soundness is soundness:
            yield Violation(flaw.pointer, flaw.detail, flaw.line)
