"""Every reader of bytes from outside: what it must be true to, what to start from, how to mutate.

`check` takes any bytes and raises where something does not hold that always must. It is pure but
for files in a folder of its process.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tests.torture import fuzz_evidence as of_evidence
from tests.torture import fuzz_plans as of_plans
from tests.torture import fuzz_recordings as of_recordings
from tests.torture import fuzz_seeds as seeds
from tests.torture import fuzz_settings as of_settings
from tests.torture.fuzz_mutators import (
    Mutator,
    json_mutated,
    lines_mutated,
    parts_mutated,
    text_mutated,
)

CORPUS = Path(__file__).with_name("corpus")
"""A folder for each reader: inputs that it once got wrong, and some that reach far into it."""


class Reader(NamedTuple):
    """A reader, by the name of its folder in the corpus."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    mutate: Mutator = json_mutated

    @property
    def kept(self) -> list[Path]:
        """Its files in the corpus."""
        return sorted(one for one in (CORPUS / self.name).glob("*") if one.is_file())


READERS = {
    one.name: one
    for one in (
        Reader("json", of_recordings.check_json, seeds.recordings),
        Reader("recording", of_recordings.check_recording, seeds.recordings),
        Reader("wire", of_recordings.check_wire, lambda: seeds.as_bytes(seeds.answers())),
        Reader("textconv", of_recordings.check_textconv, seeds.recordings),
        Reader("normalize", of_recordings.check_normalize, seeds.recordings),
        Reader(
            "merge",
            of_recordings.check_merge,
            lambda: of_recordings.merge_seeds(seeds.recordings()),
            parts_mutated(json_mutated),
        ),
        Reader(
            "diff",
            of_recordings.check_diff,
            lambda: of_recordings.diff_seeds(seeds.recordings()),
            parts_mutated(json_mutated),
        ),
        Reader("config", of_settings.check_config, of_settings.configurations, text_mutated),
        Reader("baseline", of_settings.check_baseline, of_settings.baselines),
        Reader("attributes", of_settings.check_attributes, of_settings.attributes, text_mutated),
        Reader("plan", of_plans.check_plan, of_plans.plans),
        Reader("receipt", of_plans.check_receipt, of_plans.kept),
        Reader("trace", of_evidence.check_trace, of_evidence.traces, lines_mutated(json_mutated)),
        Reader("lists", of_evidence.check_list, of_evidence.lists, text_mutated),
        Reader(
            "sources",
            of_evidence.check_sources,
            of_evidence.sources,
            parts_mutated(text_mutated),
        ),
        Reader("why", of_evidence.check_why, of_evidence.logs, text_mutated),
        Reader("git", of_evidence.check_git, of_evidence.changes, text_mutated),
    )
}
"""By name. Adding a reader takes a line here, its check, and its seeds."""
