"""What a team has decided, as far as rules ask for it."""

from dataclasses import dataclass, field
from pathlib import Path

from recctl.config import MAX_SIZE
from recctl.dialects import Table, published


@dataclass(frozen=True, slots=True)
class Policy:
    """The decisions, each of which has a key in the configuration.

    `allowed_hosts` and `allowed_types` are globs; null where none were given, and then anything
    goes. `test_roots` are absolute folders from which the paths in test ids count; none where
    they are to be told from where a recording lies. `max_size` is in bytes.
    """

    table: Table = field(default_factory=published)
    allowed_hosts: tuple[str, ...] | None = None
    allowed_types: tuple[str, ...] | None = None
    test_roots: tuple[Path, ...] = ()
    max_size: int = MAX_SIZE
