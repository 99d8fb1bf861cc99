"""What is asked of the evidence: one recording, as far as it matters who uses it."""

from dataclasses import dataclass

from recctl.dialects import MaterialError, Name, Table, material_under
from recctl.recording import Recording


@dataclass(frozen=True, slots=True)
class Case:
    """One recording: its path from the root, with slashes, and the test that owns it.

    `shared` recordings serve others than their test too, as the request hash does not hold the
    test id. What one test does proves nothing for them.

    `bases` are the folders that the test's id may count from, as traces spell them, none where
    that is unclear; `other_bases` are those of other tests of that id. `lists` are the ids of the
    lists that speak for that tree; null where all do.

    `newer_than` are the ids of the runs at whose time the recording may not have been there as it
    is; `changed_since` those of the runs after which something changed that the test may open;
    `answered_in` those of the runs in which the same request of another test was answered.

    `in_sources` says whether the sources have the test's function: null where they cannot tell,
    false too where there are no sources. `written` are all ids that the sources can give it; null
    where these are not all written out. `vouched` says that the evidence is of every configuration.
    """

    path: str
    test_id: str | None
    shared: bool = False
    bases: frozenset[str] = frozenset({""})
    other_bases: frozenset[str] = frozenset()
    lists: frozenset[str] | None = None
    newer_than: frozenset[str] = frozenset()
    changed_since: frozenset[str] = frozenset()
    answered_in: frozenset[str] = frozenset()
    in_sources: bool | None = False
    written: frozenset[str] | None = None
    vouched: bool = False


def case_of(path: str, recording: Recording, table: Table) -> Case:
    """The case of a recording under the dialect by which recordings are looked for.

    Where the material of its hash cannot be had, it counts as shared. So do those with short
    names, which are older than test ids.
    """
    return Case(path, recording.test_id, shared=_is_shared(recording, table))


def _is_shared(recording: Recording, table: Table) -> bool:
    name = Name.parse(recording.file_name)
    if recording.test_id is None or (name and len(name.digits) < table.target.hash_digits):
        return True
    try:
        return material_under(table.target, recording).get("test_id") is None
    except MaterialError:
        return True
