"""docs/pictures/: what recctl prints on a terminal, as SVG.

Each command is really run, on a terminal of its own. Nothing in a picture is loaded from elsewhere:
the fonts are those that the reader has, and each text is given its length, so that all fit. A line
that is too long is broken between words: a terminal would break it anywhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.cli import ROOT, environment, run_on_terminal

_THEME = TerminalTheme(
    (22, 27, 34),
    (216, 222, 230),
    [
        (72, 79, 88),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (216, 222, 230),
    ],
)

_FRAME = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font: {char_height}px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}}
.{unique_id}-title {{ font: 16px system-ui, sans-serif; opacity: 0.7; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


@dataclass(frozen=True)
class Picture:
    """A command whose output is shown, and in which folder of the repository it runs."""

    name: str
    line: str
    folder: str
    columns: int

    def svg(self) -> str:
        """The picture."""
        console = Console(
            record=True,
            width=self.columns,
            file=StringIO(),
            color_system="truecolor",
            legacy_windows=False,
        )
        for line in self._lines():
            console.print(line, no_wrap=True, crop=True, overflow="ignore", highlight=False)
        made = console.export_svg(
            title=self.folder, theme=_THEME, code_format=_FRAME, unique_id=self.name
        )
        pieces = made.replace("</text><text", "</text>\n<text").splitlines()
        return "".join(f"{piece.strip()}\n" for piece in pieces if piece.strip())

    def _lines(self) -> Iterator[Text]:
        """The command and what it prints."""
        settings: Mapping[str, str] = environment(COLORTERM="truecolor")
        colored = {name: value for name, value in settings.items() if name != "NO_COLOR"}
        done = run_on_terminal(
            *self.line.split(), columns=self.columns, cwd=ROOT / self.folder, env=colored
        )
        yield Text.assemble(("$ ", "bold green"), (f"recctl {self.line}", "bold"))
        for line in f"{done.stdout.rstrip()}\n{done.stderr.rstrip()}".splitlines():
            yield from _broken(Text.from_ansi(line), self.columns)
        yield Text()


def _broken(text: Text, columns: int) -> Iterator[Text]:
    """A line in lines of so many columns. Raises ValueError for a word that is longer."""
    indent = len(text.plain) - len(text.plain.lstrip()) + 2
    while len(text) > columns:
        cut = text.plain.rfind(" ", indent, columns + 1)
        if cut < 0:
            raise ValueError(f"no space to break at: {text.plain}")
        line, rest = text.divide([cut])
        line.rstrip()
        yield line
        text = Text.assemble(" " * indent, rest[len(rest.plain) - len(rest.plain.lstrip()) :])
    yield text


PICTURES = (
    Picture(
        "findings",
        "validate stale unreachable tool-args-invalid volatile-field",
        "examples/broken/tests",
        106,
    ),
    Picture("conversation", "show 8c5441fa", "examples/clean/tests/integration/tools", 92),
)
