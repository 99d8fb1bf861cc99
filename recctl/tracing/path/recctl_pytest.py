"""A plugin for pytest that notes which tests run and how they end. PYTEST_DONT_REWRITE

It is loaded where a traced process runs pytest. The tests that a test runs in turn, as those of
pytest plugins do, are no tests of the project, and not noted.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import pytest

    from recctl.tracing.path import recctl_tracer
else:
    import recctl_tracer

NAME = "recctl-trace"
"""Of the plugin that notes a session."""


def pytest_configure(config: pytest.Config) -> None:
    """Take back what made pytest load this, and begin."""
    wanted = [one for one in os.environ.get("PYTEST_PLUGINS", "").split(",") if one]
    if __name__ in wanted:
        wanted.remove(__name__)
        if wanted:
            os.environ["PYTEST_PLUGINS"] = ",".join(wanted)
        else:
            del os.environ["PYTEST_PLUGINS"]
    begin(config)


def begin(config: pytest.Config) -> None:
    """Note this session's tests, if the process is traced and they are the project's own."""
    tracer = recctl_tracer.begin()
    nested = "PYTEST_CURRENT_TEST" in os.environ
    if tracer is not None and not nested and not config.pluginmanager.has_plugin(NAME):
        config.pluginmanager.register(Session(tracer, config), NAME)


class Session:
    """One process of one pytest run: all of it, xdist's controller, or one of its workers.

    `exit` is pytest's exit status, once it is known.
    """

    # Methods are pytest's hooks. They note what they see, and Tracer.write raises nothing.

    def __init__(self, tracer: recctl_tracer.Tracer, config: pytest.Config) -> None:
        self.tracer = tracer
        self.worker = getattr(config, "workerinput", {}).get("workerid")
        self.base = tracer.below_root(str(config.rootpath))
        self.config = config
        self.controls = False
        self.id = f"{os.getpid()}-{time.time_ns():x}"
        self.exit: int | None = None
        self.passed: dict[str, str] = {}
        """By test: the phases that passed, one after the other."""
        self.others: dict[str, list[tuple[str, str, bool]]] = {}
        """By test: the phases that did not; which, their outcome, and whether they were to fail."""

    def _note(self, kind: str, **fields: Any) -> None:
        self.tracer.write(kind, session=self.id, **fields)

    def pytest_sessionstart(self) -> None:
        # xdist makes its controller after plugins are configured.
        self.controls = self.config.pluginmanager.has_plugin("dsession")
        live = self.tracer.live
        self._note("session", pid=os.getpid(), worker=self.worker, traced=live, base=self.base)
        self.tracer.hold()

    def pytest_deselected(self, items: list[Any]) -> None:
        if self.worker in (None, "gw0"):  # all workers leave out the same
            for item in items:
                self.tracer.ended(self.id, item.nodeid, "deselected")

    def pytest_collectreport(self, report: Any) -> None:
        if report.outcome != "passed":
            self._note("collection", id=report.nodeid, outcome=report.outcome)

    def pytest_runtest_logreport(self, report: Any) -> None:
        try:
            self._take(report, report.when, report.nodeid)
        except Exception:  # whatever a plugin reports, the run goes on
            self.tracer.lost += 1

    def _take(self, report: Any, when: str, test: str) -> None:
        # Called three times for each test, so it is written to be fast.
        if self.controls:
            if when not in _PHASES:  # so xdist tells of a test whose worker is gone
                self.tracer.ended(self.id, test, "failed")
        elif report.outcome == "passed" and not hasattr(report, "wasxfail"):
            if when != "teardown":
                self.passed[test] = self.passed.get(test, "") + when
            elif self.others:
                self._end(test)
            else:
                both = self.passed.pop(test, "") == "setupcall"
                self.tracer.ended(self.id, test, "passed" if both else "error")
        else:
            meant = hasattr(report, "wasxfail")
            self.others.setdefault(test, []).append((when, report.outcome, meant))
            if when == "teardown":
                self._end(test)

    def _end(self, test: str) -> None:
        passed, others = self.passed.pop(test, ""), self.others.pop(test, ())
        self.tracer.ended(self.id, test, outcome_of(passed, others))

    def pytest_sessionfinish(self, session: Any) -> None:
        self.exit = int(session.exitstatus)
        self._note("finished", exit=self.exit, collected=session.testscollected)
        self.tracer.flush()


_PHASES = ("setup", "call", "teardown")


def outcome_of(passed: str, others: Iterable[tuple[str, str, bool]]) -> str:
    """How a test ended: the phases that passed before its teardown, and those that did not pass.

    It passed only if all did, at the first attempt.
    """
    if not others:
        return "passed" if passed == "setupcall" else "error"
    ends = {outcome for _, outcome, _ in others}
    if "failed" in ends:
        in_call = any(when == "call" for when, outcome, _ in others if outcome == "failed")
        return "failed" if in_call else "error"
    if "rerun" in ends:
        return "rerun"
    meant = any(was_meant for *_, was_meant in others)
    if "skipped" in ends:
        return "xfailed" if meant else "skipped"
    return "xpassed" if ends == {"passed"} else "error"
