"""The filters over recordings that commands share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from recctl.recording import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recctl.corpus import Corpus, Entry
    from recctl.dialects import Table
    from recctl.errors import RecctlError
    from recctl.facts import Facts
    from recctl.listing import Filters
    from recctl.recording import Recording
    from recctl.scan import Means

GLOBS = """In a GLOB, * is any text and ? any character; brackets are plain. It must match the
whole value, but a --test without * and ? may stand anywhere in the test id. Filters are combined:
a recording must pass all."""
"""What the help of a command with filters says of them."""


def _glob(what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        metavar="GLOB", help=f"Only where the {what} matches."
    )
    return option


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """Which recordings are meant."""

    test: Annotated[str | None, _glob("test id")] = None
    model: Annotated[str | None, _glob("model")] = None
    endpoint: Annotated[str | None, _glob("endpoint")] = None
    provider: Annotated[str | None, _glob("provider")] = None
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=GLOB",
            help="Only with such a value in the JSON, as in request.body.stream=true.",
        ),
    ] = None

    def filters(self) -> "Filters":
        """The filters that are asked for. Raises UsageError."""
        from recctl.listing import Filters, field_filter, where_filter

        globs = {
            "test_id": self.test,
            "model": self.model,
            "endpoint": self.endpoint,
            "provider": self.provider,
            "kind": self.kind.value if self.kind else None,
        }
        return Filters(
            tuple(field_filter(field, glob) for field, glob in globs.items() if glob is not None),
            tuple(where_filter(condition) for condition in self.where or []),
        )


def passing(filters: "Filters") -> "Callable[[Recording], bool]":
    """Whether a recording that was read passes all filters."""
    accepting = (*filters.by_facts, *filters.by_content)
    return lambda recording: all(accepts(recording) for accepts in accepting)


class Selected(NamedTuple):
    """A recording that passed. It is there where it had to be read, for a filter or to judge it."""

    entry: "Entry"
    facts: "Facts"
    recording: "Recording | None"


def selected(
    corpus: "Corpus",
    filters: "Filters",
    table: "Table",
    scans: "Means",
    unread: "list[RecctlError]",
    *,
    whole: bool = False,
) -> "Iterator[Selected]":
    """What passes all filters, as soon as it is there; with `whole`, the recordings themselves.

    What cannot be read goes to `unread`.
    """
    from recctl.corpus import load
    from recctl.errors import RecctlError
    from recctl.facts import facts_in

    for entry, facts in facts_in(corpus.entries, table, scans, unread):
        if not all(accepts(facts) for accepts in filters.by_facts):
            continue
        recording = None
        if whole or filters.by_content:
            try:
                recording = load(entry)
            except RecctlError as error:
                unread.append(error)
                continue
            if not all(accepts(recording) for accepts in filters.by_content):
                continue
        yield Selected(entry, facts, recording)
