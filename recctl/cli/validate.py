"""`recctl validate`."""

import os
from dataclasses import replace
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.cli.changing import (
    AllowDirtyOption,
    ApplyOption,
    PlanOptions,
    carried_out,
    root_of_corpus,
)
from recctl.cli.finding import find_corpus
from recctl.cli.options import ColorOption, Paths
from recctl.cli.scanning import ScanOptions
from recctl.cli.settings import current, policy_of
from recctl.cli.terminal import Color, note, print_lines, write
from recctl.config import BASELINE
from recctl.errors import ExitCode, UsageError
from recctl.safetext import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.text import Text

    from recctl.baseline import Baseline
    from recctl.config import Settings
    from recctl.corpus import Corpus
    from recctl.diagnostics import Report
    from recctl.plan import Plan
    from recctl.rules.policy import Policy
    from recctl.rules.selection import Selection
    from recctl.validate import Rebaselined

DETAILS = """Changes nothing without --fix --apply. Findings go to stdout, the summary to stderr.
`recctl rule` lists what is checked. RULES are codes, beginnings of codes, or names, separated by
commas: I302, W4, stale."""

OPTIONAL_VALUES = {"--baseline": "", "--write-baseline": ""}


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    JSONL = "jsonl"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


RENDERERS = {
    Format.TEXT: "report.as_text",
    Format.CONCISE: "report.as_concise",
    Format.JSON: "report.as_json",
    Format.JSONL: "report.as_jsonl",
    Format.GITHUB: "github.as_github",
    Format.SARIF: "sarif.as_sarif",
    Format.JUNIT: "junit.as_junit",
}
"""Each format's function in `render`: of a report it makes a text, or styled lines."""


def run(
    paths: Paths = None,
    *,
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="RULES", help="Check these rules; instead of the usual ones."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="RULES", help="Do not check these rules.")
    ] = None,
    info: Annotated[
        bool, typer.Option("--info", help="Report what is odd but known of providers, too.")
    ] = False,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="[FILE]", help=f"Report only what is not in this file; default: {BASELINE}."
        ),
    ] = None,
    no_baseline: Annotated[
        bool, typer.Option("--no-baseline", help="Use no baseline, whatever is configured.")
    ] = False,
    write_baseline: Annotated[
        str | None,
        typer.Option(metavar="[FILE]", help="Write all findings to a baseline, and report none."),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Plan to mend what can be mended safely, as well.")
    ] = False,
    apply: ApplyOption = False,
    allow_dirty: AllowDirtyOption = False,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Print into a file.")
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Print how often each rule is violated.")
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 even if there are findings.")
    ] = False,
    color: ColorOption = Color.AUTO,
    look: ScanOptions,
) -> int:
    """Check, print the report, tell by the exit code whether there were findings."""
    from recctl.render.summary import summary
    from recctl.secrets import LACKING
    from recctl.validate import rebaselined, validate

    _check_options(
        form, output, statistics=statistics, fix=fix, apply=apply, writes=write_baseline is not None
    )
    if no_baseline and baseline is not None:
        raise UsageError("--baseline and --no-baseline: take one")
    settings = current()
    policy = policy_of(settings)
    known = _known(settings, baseline, write_baseline, none=no_baseline)
    whole = not paths and settings.covers(known.file if known else None)
    selection = selection_of(settings, select, ignore, infos=info, watch=whole)
    for rule in selection.missing:
        note(f"rule {rule} is not checked: {LACKING}")
    corpus, code = find_corpus(paths, settings)

    def looked(at: "Corpus", without: "Baseline | None" = None) -> "Report":
        with look.means(settings) as scans:
            return validate(at, selection, policy, without, whole=whole, means=scans)

    if output is not None:
        _check_target(Path(output), corpus, settings, known)
    if write_baseline is not None and known is not None:
        _check_target(known.file, corpus, settings)
        report = looked(corpus)
        return max(
            code, _write_baseline(rebaselined(report, known, corpus, selection, whole=whole))
        )
    report = looked(corpus, known)
    plan = _fixes(report, corpus, policy) if fix else None
    if plan is not None and apply and not plan.is_empty:
        from recctl.render.plan import done

        note(done(carried_out(plan, allow_dirty)))
        corpus, _ = find_corpus(paths, settings)
        report = looked(corpus, known)
    if report.findings or output or statistics or form not in {Format.TEXT, Format.CONCISE}:
        _print(report, form, output, color, statistics=statistics)
    for stray in report.strays:
        note(f"{one_line(stray.path)}: left alone: {stray.reason}")
    if corpus.entries:
        note(summary(report))
    if plan is not None and not apply:
        PlanOptions(color=color).carry_out(plan)
    found = ExitCode.FINDINGS if report.is_bad and not exit_zero else ExitCode.FINE
    return max(code, found)


def _check_options(
    form: Format, output: str | None, *, statistics: bool, fix: bool, apply: bool, writes: bool
) -> None:
    """Raises UsageError for options that exclude each other."""
    printed = form is not Format.TEXT or output is not None or statistics
    if writes and (printed or fix):
        raise UsageError("--write-baseline only writes the baseline: it prints and mends nothing")
    if statistics and form not in {Format.TEXT, Format.JSON}:
        raise UsageError(f"--statistics goes with --format text and json, not {form.value}")
    if apply and not fix:
        raise UsageError("--apply goes with --fix")
    if fix and not apply and printed and (form is not Format.CONCISE or output or statistics):
        raise UsageError(
            "--fix without --apply prints findings and a plan as text;"
            " for the plan alone: recctl normalize --format json"
        )


def _check_target(
    path: Path, corpus: "Corpus", settings: "Settings", known: "Baseline | None" = None
) -> None:
    """Refuse to write over what is read: the value of an option may have been forgotten."""
    from recctl.dialects import Name, published

    target = path.resolve()
    read = {entry.path.resolve() for entry in corpus.entries} if target.exists() else set()
    read |= {settings.file.resolve()} if settings.file else set()
    read |= {known.file.resolve()} if known else set()
    among = published().beside_test in target.parent.parts and target.suffix == ".json"
    if target in read or among or Name.parse(target.name) is not None:
        raise UsageError(f"{one_line(path)}: recctl reads that; give another file to write")


def _fixes(report: "Report", corpus: "Corpus", policy: "Policy") -> "Plan":
    from recctl.normalize import plan_fixes

    root = root_of_corpus(corpus)
    return plan_fixes(report.findings, corpus.entries, policy.table, root)


def selection_of(
    settings: "Settings",
    select: list[str] | None = None,
    ignore: list[str] | None = None,
    *,
    infos: bool = False,
    watch: bool = False,
) -> "Selection":
    """The rules that the configuration and the options choose. Raises UsageError."""
    from recctl.rules import TABLE
    from recctl.rules.selection import Choice, choose
    from recctl.secrets import available

    configured = Choice(
        select=settings.select,
        ignore=settings.ignore,
        per_file_ignores=settings.per_file_ignores,
        severity=settings.severity,
        unavailable=() if available() else ("secret",),
        source=os.path.relpath(settings.file) if settings.file else "",
        infos=infos,
        watch=watch,
    )
    try:
        selection = choose(TABLE, configured)
    except UsageError as error:
        where = {settings.origins.get(key) for key in ("select", "ignore", "severity")}
        where.add(settings.origins.get("per-file-ignores"))
        raise UsageError(f"{', '.join(sorted(filter(None, where)))}: {error}") from None
    if select is None and ignore is None:
        return selection
    selected = configured.select if select is None else _items(select)
    return choose(TABLE, replace(configured, select=selected, drop=_items(ignore or [])))


def _items(given: list[str]) -> tuple[str, ...]:
    return tuple(item.strip() for text in given for item in text.split(",") if item.strip())


def _known(
    settings: "Settings", named: str | None, written: str | None, *, none: bool
) -> "Baseline | None":
    """The baseline that is asked for, to be written or configured; null for none.

    One that is to be written may be empty or new.
    """
    if none or (named is None and written is None and settings.baseline is None):
        return None
    from recctl.baseline import Baseline

    wanted = written if written is not None else named
    path = Path(wanted) if wanted else settings.baseline_path
    if path.is_dir():
        option = "--baseline" if written is None else "--write-baseline"
        raise UsageError(f"{one_line(path)}: a folder, no baseline; give {option}=FILE")
    if written is not None and (not path.exists() or not path.stat().st_size):
        return Baseline(path)
    return Baseline.read(path)


def _write_baseline(made: "Rebaselined") -> ExitCode:
    """Write what a baseline may hold; what it may not is still reported."""
    from recctl.files import write as write_file
    from recctl.wording import plural

    path = made.baseline.file
    write_file(path, made.baseline.text().encode())
    for finding in made.refused:
        note(f"{one_line(finding.path)}: not in a baseline: {finding.name}; {finding.command}")
    named = "" if path.name == BASELINE else f"={one_line(path)}"
    written = plural(len(made.baseline.entries) - made.kept, "finding")
    kept = f", {made.kept:,} kept that were not checked," if made.kept else ""
    note(
        f"{written} written to {one_line(path)}{kept}; from now on:"
        f" recctl validate --baseline{named}"
    )
    return ExitCode.FINDINGS if made.refused else ExitCode.FINE


def _print(
    report: "Report", form: Format, output: str | None, color: Color, *, statistics: bool
) -> None:
    where = RENDERERS[form]
    if statistics:
        where = f"report.statistics_as_{form.value}"
    module, _, name = where.partition(".")
    render: Callable[[Report], str | Iterable[Text]]
    render = getattr(import_module(f"recctl.render.{module}"), name)
    result = render(report)
    if output is not None:
        from recctl.files import write as write_file

        plain = result if isinstance(result, str) else "".join(f"{one.plain}\n" for one in result)
        write_file(Path(output), plain.encode("utf-8", "backslashreplace"))
    elif isinstance(result, str):
        write(result)
    else:
        print_lines(result, color)
