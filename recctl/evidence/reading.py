"""Evidence out of files."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from shlex import quote

from recctl import files
from recctl.errors import UnreadableError, UsageError
from recctl.evidence.lists import MAKE_ONE, evidence_of
from recctl.evidence.traces import read_trace
from recctl.evidence.verdicts import Evidence, merged
from recctl.safetext import one_line


def read(tests: Sequence[str] = (), traces: Sequence[str] = (), stdin: bytes = b"") -> Evidence:
    """The evidence of test lists (`-` is standard input, whose bytes are given) and traces.

    Raises UsageError, whose one line names the option and the file that is refused, and says why:
    it cannot be read, is of no known form, empty, truncated, or tells of errors when collecting.
    """
    lists = [_list(file, stdin) for file in tests]
    return merged([*lists, *map(_trace, traces)])


def _list(file: str, stdin: bytes) -> Evidence:
    try:
        if file == "-":
            return evidence_of("standard input", stdin)
        return evidence_of(file, files.read(Path(file)))
    except UsageError as error:
        raise UsageError(f"--tests {error}") from None
    except UnreadableError as error:
        raise UsageError(f"--tests {one_line(file)}: {error}; {MAKE_ONE}") from None


def _trace(file: str) -> Evidence:
    try:
        return read_trace(file)
    except UsageError as error:
        how = f"make one with: recctl trace -o {one_line(quote(_free(file)))} -- pytest"
        raise UsageError(f"--trace {error}; {how}") from None


def _free(file: str) -> str:
    """A name like a file's to which a trace can be written, as it is not taken."""
    place = Path(file)
    names = (place.with_stem(f"{place.stem}-{one}") for one in count(2))
    try:
        if not _is_taken(place) or (place.is_file() and not place.stat().st_size):
            return file
        return str(next(one for one in names if not _is_taken(one)))
    except (OSError, ValueError):
        return "trace.jsonl"


def _is_taken(place: Path) -> bool:
    """Raises OSError for a name that no file can have, which `exists` is silent on since 3.14."""
    try:
        place.stat()
    except FileNotFoundError:
        return False
    return True
