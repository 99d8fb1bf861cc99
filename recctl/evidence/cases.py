"""What is asked of the evidence: one recording, as far as it matters who uses it."""

from dataclasses import dataclass

from recctl.dialects import MaterialError, Name, Table, material_under
from recctl.recording import Recording


@dataclass(frozen=True, slots=True)
class Case:
    """One recording: its path from the root, with slashes, and the test that owns it.

    `shared` recordings serve others than their test too, as the request hash does not hold the
    test id. What one test does proves nothing for them.
    """

    path: str
    test_id: str | None
    shared: bool = False


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
