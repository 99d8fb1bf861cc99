"""What holds for a run: the configuration, and what follows from it for dialects and rules."""

import os
from contextvars import ContextVar
from typing import TYPE_CHECKING

from recctl.errors import UsageError

if TYPE_CHECKING:
    from recctl.config import Settings
    from recctl.dialects import Table
    from recctl.rules.policy import Policy

chosen_file: ContextVar[str | None] = ContextVar("chosen_file", default=None)
"""The file named by `--config`, which every command takes."""


def current() -> "Settings":
    """The configuration. Raises UsageError for one that makes no sense."""
    from recctl.config import load

    return load(os.environ, chosen_file.get())


def table_of(settings: "Settings") -> "Table":
    """The dialects, the configured ones too, with the configured target. Raises UsageError."""
    from recctl.dialects import published

    table, key = published(), "dialects"
    try:
        table = table.extended(settings.dialects)
        key = "target"
        return table if settings.target is None else table.aimed_at(settings.target)
    except UsageError as error:
        raise UsageError(f"{settings.origins[key]}: {error}") from None


def policy_of(settings: "Settings") -> "Policy":
    """What the team has decided, for the rules. Raises UsageError."""
    from recctl.rules.policy import Policy

    return Policy(
        table=table_of(settings),
        allowed_hosts=settings.allowed_hosts,
        allowed_types=settings.allowed_types,
        test_roots=tuple(settings.folder / root for root in settings.test_roots),
        max_size=settings.max_size,
    )
