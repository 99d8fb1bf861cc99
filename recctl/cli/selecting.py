"""The filters over recordings that commands share."""

from typing import TYPE_CHECKING, Annotated

import typer

from recctl.recording import Kind, Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from recctl.corpus import Entry
    from recctl.listing import Filter

GLOBS = """In a GLOB, * is any text and ? any character; brackets are plain. It must match the
whole value, but a --test without * and ? may stand anywhere in the test id. Filters are combined:
a recording must pass all."""
"""What the help of a command with filters says of them."""


def _glob(what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        metavar="GLOB", help=f"Only where the {what} matches."
    )
    return option


TestOption = Annotated[str | None, _glob("test id")]
ModelOption = Annotated[str | None, _glob("model")]
EndpointOption = Annotated[str | None, _glob("endpoint")]
ProviderOption = Annotated[str | None, _glob("provider")]
KindOption = Annotated[Kind | None, typer.Option(help="Only of this kind.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=GLOB",
        help="Only with such a value in the JSON, as in request.body.stream=true.",
    ),
]


def filters_of(
    *,
    test: str | None,
    model: str | None,
    endpoint: str | None,
    provider: str | None,
    kind: Kind | None,
    where: list[str] | None,
) -> "list[Filter]":
    """The filters that the options ask for. Raises UsageError."""
    from recctl.listing import field_filter, where_filter  # noqa: PLC0415

    globs = {
        "test_id": test,
        "model": model,
        "endpoint": endpoint,
        "provider": provider,
        "kind": kind.value if kind else None,
    }
    filters = [field_filter(field, glob) for field, glob in globs.items() if glob is not None]
    return filters + [where_filter(condition) for condition in where or []]


def passing(filters: "list[Filter]") -> "Callable[[Entry, Recording], bool]":
    """Whether a recording passes all filters."""
    from recctl.listing import row  # noqa: PLC0415

    def passes(entry: "Entry", recording: Recording) -> bool:
        made = row(entry, recording)
        return all(accepts(made, recording) for accepts in filters)

    return passes
