"""Rules on what makes a recording findable: its name, its hash, its folder."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath

from recctl.diagnostics import Violation
from recctl.dialects import (
    Dialect,
    MaterialError,
    Standing,
    Table,
    digest_fits,
    hash_under,
    hashes_under,
    is_model_list,
    lists_models,
    name_of,
    name_under,
    published,
)
from recctl.recording import Recording
from recctl.rules.subject import Member, Subject
from recctl.shapes import text
from recctl.volatile import doubt, misfit_ids


def bad_name(subject: Subject) -> Iterator[Violation]:
    """The file's name is not one that a recorder looks for.

    A recording is named by its request hash: 64 hex digits, or 12 in corpora from before
    October 2025, and `.json`; a list of models `models-<hash>-<digest>.json`. A file of another
    name is never replayed. Of one that holds no recording, nothing else is checked.

    What to do: give it the name in the message, with `git mv`, or move it out of the folder.
    """
    name, recording, target = subject.name, subject.recording, subject.policy.table.target
    if subject.parsed is None:
        return
    if name is None:
        if recording is not None:
            yield Violation("", f"not a recording's name{_needed_name(recording, target)}")
        elif subject.parsed.readable:
            yield Violation("", "not a recording's name, and the file holds no recording")
        else:
            yield Violation("", "not a recording's name")
    elif recording is not None and len(name.digits) == 64:
        if name.digest is None and lists_models(recording):
            yield Violation(
                "", f"the name of a model list lacks its digest{_needed_name(recording, target)}"
            )
        elif name.digest is not None and not is_model_list(recording):
            needed = _needed_name(recording, target)
            yield Violation("", f"named as a model list, which it is not{needed}")


def unreachable(subject: Subject) -> Iterator[Violation]:
    """The request has the hash in the file's name under no dialect.

    No recorder, old or new, can find this recording. The request was edited after it was
    recorded (a search-and-replace over the repository does that), or the file was renamed by
    hand. The message says what can be known: the hash the request has now, and whether the `rec-`
    id inside the answer sides with the name or with the request.

    What to do: `recctl diff --git HEAD FILE` says what was edited since the last commit, and
    `git log -p` on the file what was before. Take the edit back, or record again. If it was meant,
    `recctl rehash --include-unreachable` gives the file the name of its request.
    """
    recording, identity = subject.recording, subject.identity
    if recording is None or identity is None or identity.standing is not Standing.UNREACHABLE:
        return
    table = subject.policy.table
    try:
        digits = identity.wanted or hash_under(table.target, recording)
    except MaterialError as error:
        yield Violation("/request", f"no dialect gives this name: {error}")
        return
    known = _what_is_known(recording, subject.name.digits if subject.name else "", table)
    yield Violation("/request", f"the request now hashes to {digits[:12]}{known}")


def stale(subject: Subject) -> Iterator[Violation]:
    """The recording is right under an older dialect only.

    The rules for the request hash have changed since it was recorded, so today's recorder looks
    for another name and does not find this one. Its answer is as good as ever. The message names
    the dialects that fit and the file name that the target dialect gives: the newest, unless the
    configuration names another. Names of 12 digits are from before October 2025 and not looked for
    any more, whatever the request.

    What to do: `recctl rehash` renames it and sets the `rec-` ids in it to match. Several stale
    recordings may need one name: then only one can have it.
    """
    recording, identity = subject.recording, subject.identity
    if recording is None or identity is None or identity.wanted is None:
        return
    if identity.standing is not Standing.STALE:
        return
    target = subject.policy.table.target
    why = "a short name" if target in identity.fitting else f"fits {identity.span} only"
    needed = name_of(identity.wanted, target, recording)
    yield Violation("/request", f"{why}; {target.name} needs {needed}")


def retired_kind(subject: Subject) -> Iterator[Violation]:
    """No recorder looks for recordings of this kind any more.

    Kind `file` was written for one week in April 2026. Its hash cannot be checked, because the
    file does not keep all that went into it.

    What to do: delete it, with `git rm`.
    """
    recording = subject.recording
    if recording is None or recording.kind is None:
        return
    retired = published().materials[recording.kind].retired
    if retired is not None:
        yield Violation("/request", f"kind {recording.kind} is not replayed since {retired}")


def response_id_mismatch(subject: Subject) -> Iterator[Violation]:
    """The `rec-` id inside the answer is not that of the file's name.

    The recorder writes `rec-` and the first 12 digits of the hash as the id of each typed answer
    and chunk. Another id means that the file was renamed, or its answer taken from elsewhere.

    What to do: where the file's name fits its request, `recctl normalize` sets the ids; otherwise
    restore the file.
    """
    recording, name = subject.recording, subject.name
    if recording is None or name is None:
        return
    wrong = list(misfit_ids(recording, name.short_hash))
    if wrong:
        first = wrong[0]
        more = f", in {len(wrong)} chunks" if len(wrong) > 1 else ""
        message = f"the answer's id is {first.old}, not {first.new}{more}"
        target, identity = subject.policy.table.target, subject.identity
        doubtful = identity is None or doubt(identity, wrong, target) is not None
        yield Violation(first.pointer, message, mendable=not doubtful)


def model_digest_mismatch(subject: Subject) -> Iterator[Violation]:
    """The digest in a model list's name is not that of its models.

    The digest tells apart the lists of several servers. A wrong one means that the list was
    edited, so a replay offers models that were never there.

    What to do: restore the file, or record again.
    """
    recording, name = subject.recording, subject.name
    if recording is None or name is None or name.digest is None or not is_model_list(recording):
        return
    if not digest_fits(recording, name.digest):
        yield Violation("/response/body", f"the name's digest {name.digest} fits other models")


def misplaced(subject: Subject) -> Iterator[Violation]:
    """The recording lies in another folder than its test looks in.

    A test's recordings lie in the folder `recordings` beside the test's file; after that, only
    the shared one, `tests/integration/common/recordings`, is looked in. Tests that moved without
    their recordings leave them behind like this.

    What to do: move the file to the folder in the message.
    """
    recording = subject.recording
    if recording is None or recording.test_id is None or subject.name is None:
        return
    folder = _folder_beside(recording.test_id.partition("::")[0])
    shared = _shared_folder().parts
    lies_in = subject.folder
    if lies_in[-len(folder.parts) :] != folder.parts and lies_in[-len(shared) :] != shared:
        yield Violation("/test_id", f"the test looks in {folder}")


@cache
def _shared_folder() -> PurePosixPath:
    return PurePosixPath(published().shared_folder)


@lru_cache(maxsize=1024)
def _folder_beside(test_file: str) -> PurePosixPath:
    return PurePosixPath(test_file).parent / published().beside_test


def duplicate(files: Sequence[Member]) -> Iterator[tuple[str, Violation]]:
    """The same name stands in two folders.

    A test finds the copy beside it and never the other. Which one is replayed depends on the
    test's folder, so mending one of them may change nothing.

    What to do: keep the one beside the test that owns it. `recctl prune --duplicates` removes
    copies that no test finds.
    """
    first: dict[str, Member] = {}
    for one in files:
        known = first.setdefault(one.file_name, one)
        if known is not one:
            same = "equal to" if known.sha256 == one.sha256 else "differs from"
            yield one.path, Violation("", f"{same} the one of the same name, {known.path}")


def _needed_name(recording: Recording, target: Dialect) -> str:
    try:
        return f"; {target.name} needs {name_under(target, recording)}"
    except MaterialError:
        return ""


def _what_is_known(recording: Recording, digits: str, table: Table) -> str:
    """Whom the answer's `rec-` id sides with, and whether another test id would do."""
    if _fits_without_test(recording, digits, table):
        return "; the name fits the same request with no test id: the test id was edited"
    ids = {one.removeprefix("rec-") for one in _recorded_ids(recording)}
    if not ids:
        return "; its answer has no id to tell what was edited"
    if ids == {digits[:12]}:
        return "; its answer has the name's id: the request or its test id was edited since"
    hashes = hashes_under(table.dialects, recording)
    for dialect, request_hash in reversed([*zip(table.dialects, hashes, strict=True)]):
        if request_hash[:12] in ids:
            return f"; its answer's id fits the request under {dialect.name}: the file was renamed"
    third = min(ids - {digits[:12]})
    return f"; its answer's id is of a third request, {third}: copied or recorded again in part"


def _fits_without_test(recording: Recording, digits: str, table: Table) -> bool:
    anonymous = recording.asked_by(None)
    return any(one.startswith(digits) for one in hashes_under(table.dialects, anonymous))


def _recorded_ids(recording: Recording) -> set[str]:
    """The ids of the typed answers; none where no `rec-` id was ever written."""
    found = {text(data.get("id")) or "" for _, data in recording.typed} - {""}
    return found if any(one.startswith("rec-") for one in found) else set()
