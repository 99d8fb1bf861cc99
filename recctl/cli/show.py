"""`recctl show`."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.options import ColorOption, Paths
from recctl.cli.scanning import CacheOptions
from recctl.cli.settings import current, table_of
from recctl.cli.terminal import Color, print_lines, read_stdin, write
from recctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from recctl.config import Settings

DETAILS = """REF is a hash or the first 4 digits or more of it, a rec- id, a path, or - for stdin.
It is looked for among the recordings at PATHS."""


class Format(StrEnum):
    """How a recording is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class Part(StrEnum):
    """Which side is printed."""

    REQUEST = "request"
    RESPONSE = "response"
    ALL = "all"


def run(
    reference: Annotated[str, typer.Argument(metavar="REF", help="The recording.")],
    paths: Paths = None,
    *,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    part: Annotated[Part, typer.Option(help="Which side to print.")] = Part.ALL,
    reasoning: Annotated[
        bool, typer.Option("--reasoning", help="Print the model's reasoning in full.")
    ] = False,
    split_reasoning: Annotated[
        bool,
        typer.Option("--split-reasoning", help="Take reasoning in tags out of the answer's text."),
    ] = False,
    chunks: Annotated[
        bool,
        typer.Option("--chunks", help="Print the answer's chunks as they came, nulls left out."),
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the JSON as it was recorded, or one side of it.")
    ] = False,
    color: ColorOption = Color.AUTO,
    kept: CacheOptions,
) -> int:
    """Find, read, print."""
    if chunks and form is Format.JSON:
        raise UsageError("--chunks goes with text and markdown; --raw prints the chunks as JSON")
    if raw and form is not Format.TEXT:
        raise UsageError("--raw prints what was recorded and takes no --format")
    settings = current()
    where, name, content, code = _find(reference, paths, settings, kept)
    if raw:
        _write_raw(_one_side(where, content, part))
        return code

    from recctl.corpus import recording_of
    from recctl.render import sheet as render
    from recctl.show import sheet

    recording = recording_of(where, name, content)
    made = sheet(
        where, recording, table_of(settings), split_reasoning=split_reasoning, with_stream=chunks
    )
    view = render.View(part.value, reasoning, chunks)
    if form is Format.JSON:
        write(render.as_json(made, view))
    elif form is Format.MARKDOWN:
        write(render.as_markdown(made, view))
    else:
        print_lines(render.as_text(made, view), color)
    return code


def _find(
    reference: str, paths: list[str] | None, settings: "Settings", kept: CacheOptions
) -> tuple[str, str, bytes, int]:
    """Where the recording stands, its file name, its bytes, and the exit code so far."""
    if reference == "-":
        return "standard input", "", read_stdin(), ExitCode.FINE

    from recctl.corpus import named, read_or_tell

    entry, code = named(reference), ExitCode.FINE
    if entry is None:
        entry, code = kept.resolved(reference, paths, settings)
    return str(entry.path), entry.path.name, read_or_tell(entry), code


def _one_side(where: str, content: bytes, part: Part) -> bytes:
    """The file's own bytes, or the canonical JSON of one side of it."""
    if part is Part.ALL:
        return content

    from recctl.corpus import recording_of
    from recctl.hashing import canonical

    return canonical(recording_of(where, "", content).document[part.value])


def _write_raw(content: bytes) -> None:
    """Bytes as they are in a pipe; on a terminal with nothing in them that it would obey."""
    if sys.stdout.isatty():
        from recctl.safetext import harmless

        write(harmless(content.decode("utf-8", "backslashreplace")))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
