"""The state machines of prune and plan, run for long: `python -m tests.torture.machines [NAME]`.

Examples are made until so many steps were really taken: rules that ran to their end, without those
that make the beginning.
"""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

STEPS = 10_000
MACHINES = {"prune": "tests.test_prune_machine:Suites", "plan": "tests.plan.test_stateful:Tree"}
"""Name -> where the machine is, as the ordinary tests run it for some hundred steps."""

_EXAMPLES = 25
_STEPS_OF_ONE = 40


def counting(machine: type[RuleBasedStateMachine], taken: list[int]) -> type[Any]:
    """The machine, which counts its steps in the one item of a list.

    Hypothesis asks for what always holds once before the first step, and then after each.
    """

    class Counting(machine):  # type: ignore[valid-type,misc]  # made of any of them
        def __init__(self) -> None:
            super().__init__()
            self.has_begun = False

        @invariant()
        def a_step_was_taken(self) -> None:
            taken[0] += self.has_begun
            self.has_begun = True

    return Counting


def run(name: str, steps: int) -> tuple[int, int, float]:
    """Run a machine, give its steps, examples and seconds. Raises what the machine raises."""
    module, _, kind = MACHINES[name].partition(":")
    taken = [0]
    machine = counting(getattr(import_module(module), kind), taken)
    long = settings(
        max_examples=_EXAMPLES,
        stateful_step_count=_STEPS_OF_ONE,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    started, examples = time.monotonic(), 0
    while taken[0] < steps:
        before = taken[0]
        run_state_machine_as_test(machine, settings=long)
        examples += _EXAMPLES
        if taken[0] == before:
            raise RuntimeError(f"{name}: no step can be taken")
    return taken[0], examples, time.monotonic() - started


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the machines that are named, or all, and print a line for each."""
    asked = ArgumentParser("machines", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MACHINES))
    asked.add_argument("--steps", type=int, default=STEPS, help="to take at least")
    given = asked.parse_args(arguments)
    for name in given.names or MACHINES:
        steps, examples, seconds = run(name, given.steps)
        print(  # noqa: T201 - a report
            f"{name}: {steps:,} steps in about {examples:,} examples, {seconds:.0f} s", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
