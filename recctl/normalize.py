"""Normalization of recordings as they lie: what the recorder does to an answer as it writes it.

Planning is pure and reads nothing but the bytes of one file. The request is never changed.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from recctl import volatile
from recctl.corpus import Entry, read
from recctl.diagnostics import Finding
from recctl.dialects import Name, Table, identify
from recctl.errors import UnreadableError
from recctl.hashing import canonical
from recctl.jsontext import Parsed, parse
from recctl.plan import Edit, Plan, Review, Splice, below, edit, of, splices
from recctl.plan.actions import spliced
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.splices import replacements
from recctl.volatile import Change
from recctl.watch import Watch, unwatched


class Part(StrEnum):
    """What may be normalized by itself.

    `CANONICAL` is the file's spelling, `VOLATILE` the times, durations and ids that are as the
    provider sent them, `IDS` those ids that a recorder wrote for another hash.
    """

    CANONICAL = "canonical"
    VOLATILE = "volatile"
    IDS = "ids"


ALL_PARTS = frozenset(Part)

MENDED_BY = {
    "not-canonical": Part.CANONICAL,
    "volatile-field": Part.VOLATILE,
    "response-id-mismatch": Part.IDS,
}
"""Rule -> the part that mends what it finds."""


@dataclass(frozen=True, slots=True)
class Normalized:
    """What comes of one file: the edits of its bytes, what they do, and what is left and why.

    Both texts are parts of a line; `left` is null where nothing is.
    """

    edits: tuple[Splice, ...] = ()
    done: str = ""
    left: str | None = None
    test_id: str | None = None


def normalized(file_name: str, raw: bytes, parts: Collection[Part], table: Table) -> Normalized:
    """The normalization of a file's bytes, as far as the parts ask for it. Never raises.

    A file that is flawed is left as it is: rewriting it would lose what a reader passes over, or
    hide that it is flawed. Ids are set only where the file's name is right; what a wrong name
    should be, the ids may be the last to know. They are left, too, where they are already those
    of the name that the table's target gives: there it is the name that has to follow.

    Where only values change, only their bytes do. A canonical file stays canonical.
    """
    parsed = parse(raw)
    if parsed.flaws or not Recording.is_interaction(parsed.value):
        return Normalized(left=_refusal(parsed))
    recording = Recording(file_name, parsed.value, len(raw))
    changes, doubt = _changes(recording, parts, table)
    edits = edits_for(parsed.text, changes)
    done = _told(changes)
    left = [f"its ids are left: {doubt}"] if doubt else []
    if Part.CANONICAL in parts and parsed.canonical != parsed.text:
        rewritten = canonical(json.loads(spliced(file_name, raw, edits)))
        if parse(rewritten).flaws:
            left.append("not written anew: a number too large for a float would become Infinity")
        else:
            edits = splices(raw, rewritten)
            done.append("canonical form")
    return Normalized(edits, ", ".join(done), "; ".join(left) or None, recording.test_id)


def plan_fixes(
    findings: Iterable[Finding], entries: Iterable[Entry], table: Table, root: Path
) -> Plan:
    """The plan that mends what the findings say and recctl can mend safely, and nothing else.

    Raises RefusedError for a file that is not below the root.
    """
    wanted: dict[str, set[Part]] = {}
    for finding in findings:
        if finding.name in MENDED_BY:
            wanted.setdefault(finding.path, set()).add(MENDED_BY[finding.name])
    asked = {entry: wanted[str(entry.path)] for entry in entries if str(entry.path) in wanted}
    return plan_normalization(asked, table, root, command="validate --fix")


def plan_normalization(
    asked: Mapping[Entry, Collection[Part]],
    table: Table,
    root: Path,
    *,
    command: str = "normalize",
    watch: Watch = unwatched,
) -> Plan:
    """The plan that normalizes files below a root, each in the parts that are asked for.

    Reads the files, and writes nothing. Its notes name the files that are left, wholly or in part,
    and say why. Raises RefusedError for a file that is not below the root.
    """
    edits: dict[str, Edit] = {}
    notes = []
    for done, (entry, parts) in enumerate(asked.items()):
        watch(done, len(asked))
        try:
            raw = _content(entry)
        except UnreadableError as error:
            notes.append(f"{one_line(entry.path)}: left as it is: {error}")
            continue
        made = normalized(entry.path.name, raw, parts, table)
        if made.left:
            notes.append(f"{one_line(entry.path)}: {made.left}")
        if made.edits:
            path = below(root, entry.path)
            name = Name.parse(entry.path.name)
            review = Review(made.done, made.test_id, name.short_hash if name else "")
            edits[path] = edit(path, raw, made.edits, review)
    return of(command, root, edits.values(), notes=notes)


def edits_for(text: str, changes: Iterable[Change]) -> tuple[Splice, ...]:
    """The changes as edits of the bytes of a text, which `parse` must find without flaw."""
    values = {change.pointer: change.new for change in changes}
    if not values:
        return ()  # most files: they need not be walked
    return replacements(text, values)


def _changes(
    recording: Recording, parts: Collection[Part], table: Table
) -> tuple[list[Change], str | None]:
    """The changes that the parts ask for, and why there are none of ids."""
    name = Name.parse(recording.file_name)
    short_hash = name.short_hash if name else ""
    changes: list[Change] = []
    if Part.VOLATILE in parts:
        changes += volatile.changes(recording, short_hash)
    if Part.IDS in parts:
        changes += volatile.misfit_ids(recording, short_hash)
    ids = [change for change in changes if change.is_id]
    doubt = volatile.doubt(identify(recording, table), ids, table.target) if ids else None
    return [change for change in changes if not (doubt and change.is_id)], doubt


def _told(changes: Iterable[Change]) -> list[str]:
    """What changes, by key, and how often if more than once."""
    counts = Counter(change.key for change in changes)
    return [f"{key} ({times})" if times > 1 else key for key, times in counts.items()]


def _refusal(parsed: Parsed) -> str:
    """Why a file is left as it is."""
    if not parsed.flaws:
        return "left as it is: no recording"
    flaw = parsed.flaws[0]
    return f"left as it is: line {flaw.line}: {flaw.detail}"


def _content(entry: Entry) -> bytes:
    """A file's bytes. Raises UnreadableError, for a link too: a change goes to what it leads to."""
    if entry.path.is_symlink():
        raise UnreadableError("a link; name the file that it leads to")
    return read(entry)
