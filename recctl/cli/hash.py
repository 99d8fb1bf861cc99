"""`recctl hash`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.settings import current, table_of
from recctl.cli.terminal import read_stdin, write
from recctl.errors import UnsoundError

if TYPE_CHECKING:
    from recctl.dialects import Dialect
    from recctl.recording import Recording

DETAILS = """FILE holds a recording, or only its request object."""


def run(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The request; - for stdin.")],
    *,
    test_id: Annotated[
        str | None, typer.Option(metavar="ID", help="As if this test had made the request.")
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only under this dialect, the hash alone.")
    ] = None,
) -> int:
    """Print a line per dialect, or one hash."""
    from recctl.render.terminal import columns

    table = table_of(current())
    wanted = table.find(dialect) if dialect is not None else None
    recording = _recording(file, test_id)
    if wanted is not None:
        write(f"{_hash(wanted, recording, file)}\n")
        return 0
    rows = [(one.name, _hash(one, recording, file)) for one in table.dialects]
    write("".join(f"{line}\n" for line in columns(rows)))
    return 0


def _hash(dialect: "Dialect", recording: "Recording", file: str) -> str:
    from recctl.dialects import MaterialError, hash_under
    from recctl.safetext import one_line

    try:
        return hash_under(dialect, recording)
    except MaterialError as error:
        raise UnsoundError(f"{one_line(file)}: {error}") from None


def _recording(file: str, test_id: str | None) -> "Recording":
    """The recording in a file, or one made of the bare request that it holds."""
    from recctl.corpus import Entry, document_of, read_or_tell
    from recctl.recording import Recording
    from recctl.safetext import one_line

    stdin = file == "-"
    content = read_stdin() if stdin else read_or_tell(Entry(Path(file)))
    where = "standard input" if stdin else file
    document = document_of(where, content)
    if not Recording.is_interaction(document):
        document = {"request": document}
    recording = Recording(Path(file).name, document, len(content))
    if recording.kind is None:
        raise UnsoundError(f"{one_line(where)}: neither a recording nor a request of a known kind")
    return recording if test_id is None else recording.asked_by(test_id)
