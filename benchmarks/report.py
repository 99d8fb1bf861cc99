"""What was measured, as text of 80 columns, as Markdown, and as JSON."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

from benchmarks.measure import Figure, Raced

MEGABYTE = 1e6

_WIDTH = 80
_CELL = 7
_MOST_WORDS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A figure that was taken; null where it was not.

    `met` is null where there is no limit, or no figure. `failed` names what did not do its work.
    """

    corpus: str
    name: str
    wall: float | None
    cpu: float | None
    instructions: float | None
    memory: int
    limit: float | None
    most_memory: int | None
    met: bool | None
    rounds: int
    failed: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One word on the limit; nothing where there is none."""
        if self.failed:
            return "failed"
        return {None: "", True: "met", False: "missed"}[self.met]

    @property
    def bound(self) -> str:
        """The limit as it is printed."""
        if self.most_memory is not None:
            return f"{self.most_memory / MEGABYTE:.0f} MB"
        return "" if self.limit is None else f"{self.limit:.3g}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that came of a run. `skipped` and `notes` are sentences without their full stop."""

    machine: dict[str, str | int]
    raced: tuple[Raced, ...]
    skipped: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[Row]:
        """Every figure, in the order in which it was taken."""
        return [
            row for one in self.raced for figure in one.race.figures for row in _rows(one, figure)
        ]


def _rows(raced: Raced, figure: Figure) -> Iterator[Row]:
    failed = tuple(
        f"{lane} exits with {code}"
        for lane, code in raced.failed.items()
        if lane == figure.lane or lane in figure.base
    )
    wall = raced.ratio(figure, lambda sample: sample.wall)
    memory = raced.memory(figure)
    row = Row(
        corpus=raced.race.corpus,
        name=figure.name,
        wall=wall,
        cpu=raced.ratio(figure, lambda sample: sample.cpu),
        instructions=raced.instruction_ratio(figure),
        memory=memory,
        limit=figure.limit,
        most_memory=None,
        met=None if figure.limit is None or wall is None or failed else wall <= figure.limit,
        rounds=len(raced.samples[figure.lane]),
        failed=failed,
    )
    yield row
    if figure.most_memory is not None:
        yield Row(
            corpus=row.corpus,
            name=f"{figure.name}, memory",
            wall=None,
            cpu=None,
            instructions=None,
            memory=memory,
            limit=None,
            most_memory=figure.most_memory,
            met=None if failed else memory <= figure.most_memory,
            rounds=row.rounds,
            failed=failed,
        )


def text(report: Report) -> str:
    """A table of 80 columns, and after it what is to be known of it."""
    rows = report.rows
    columns = _columns(rows)
    widest = _WIDTH - _CELL * len(columns) - len(" missed")
    lines = [" " * widest + "".join(f"{head:>{_CELL}}" for head in columns)]
    for corpus, group in groupby(rows, lambda row: row.corpus):
        lines += ["", f"{corpus}:"]
        for row in group:
            cells = "".join(f"{cell(row):>{_CELL}}" for cell in columns.values())
            lines.append(f"{row.name:<{widest}}{cells} {row.verdict}".rstrip())
    told = (wrap(one, _WIDTH, subsequent_indent="  ") for one in _sentences(report))
    return "\n".join([*lines, "", *(line for one in told for line in one), ""])


def markdown(report: Report) -> str:
    """A table to be pasted into a page, and after it what is to be known of it."""
    rows = report.rows
    columns = _columns(rows)
    lines = [_line(["corpus", "what", *columns, ""])]
    lines.append(_line(["---", "---", *("--:" for _ in columns), "---"]))
    for row in rows:
        cells = (cell(row) for cell in columns.values())
        lines.append(_line([row.corpus, row.name, *cells, row.verdict]))
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in _sentences(report)), ""])


def document(report: Report) -> dict[str, Any]:
    """Everything, each sample of each run too, to be written as JSON."""
    return {
        "version": 1,
        "machine": report.machine,
        "rows": [{**asdict(row), "verdict": row.verdict} for row in report.rows],
        "races": [
            {
                "corpus": one.race.corpus,
                "name": one.race.name,
                "commands": {lane: _words(ran.argv) for lane, ran in one.race.lanes.items()},
                "samples": {
                    lane: [asdict(sample) for sample in taken]
                    for lane, taken in one.samples.items()
                },
                "instructions": dict(one.instructions),
            }
            for one in report.raced
        ],
        "skipped": list(report.skipped),
        "notes": list(report.notes),
    }


def _words(argv: Sequence[str]) -> list[str]:
    """The words of a command; of thousands of files only the first."""
    more = [f"and {len(argv) - _MOST_WORDS:,} more"] if len(argv) > _MOST_WORDS else []
    return [*argv[:_MOST_WORDS], *more]


def _columns(rows: Sequence[Row]) -> dict[str, Callable[[Row], str]]:
    """Heads, and the cells below; instructions only where some were counted."""
    counted = any(row.instructions is not None for row in rows)
    instructions = {"instr.": lambda row: _number(row.instructions)} if counted else {}
    return {
        "wall": lambda row: _number(row.wall),
        "CPU": lambda row: _number(row.cpu),
        **instructions,
        "MB": lambda row: f"{row.memory / MEGABYTE:.0f}",
        "limit": lambda row: row.bound,
    }


def _number(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.3f}" if ratio < 1 else f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _sentences(report: Report) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in report.machine.items())
    for row in report.rows:
        for failure in row.failed:
            yield f"failed: {row.corpus}: {row.name}: {failure}"
    yield from (f"skipped: {one}" for one in report.skipped)
    yield from (f"note: {one}" for one in report.notes)
