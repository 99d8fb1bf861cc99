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
        self.pid = os.getpid()
        self.id = f"{self.pid}-{time.time_ns():x}"
        self.exit: int | None = None
        self.called: set[str] = set()
        """The tests whose call passed, and that are not torn down yet."""
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
        # Called three times for each test, so it is written to be fast.
        try:
            when, test = report.when, report.nodeid
            if self.controls:
                if when not in _PHASES:  # so xdist tells of a test whose worker is gone
                    self.tracer.ended(self.id, test, "failed")
            elif report.outcome == "passed" and "wasxfail" not in report.__dict__:
                if when == "call":
                    self.called.add(test)
                elif when == "teardown":
                    self._end(test)
            else:
                meant = hasattr(report, "wasxfail")
                self.others.setdefault(test, []).append((when, report.outcome, meant))
                if when == "teardown":
                    self._end(test)
        except Exception:  # whatever a plugin reports, the run goes on
            self.tracer.lost += 1

    def _end(self, test: str) -> None:
        called = test in self.called
        self.called.discard(test)
        others = self.others.pop(test, ()) if self.others else ()
        self.tracer.ended(self.id, test, outcome_of(others, called=called))

    def pytest_sessionfinish(self, session: Any) -> None:
        self.exit = int(session.exitstatus)
        if os.getpid() == self.pid:  # a test's fork that got here is no end of the session
            self._note("finished", exit=self.exit, collected=session.testscollected)
            self.tracer.release()


_PHASES = ("setup", "call", "teardown")


def outcome_of(others: Iterable[tuple[str, str, bool]], *, called: bool) -> str:
    """How a test ended: the phases that did not pass, and whether its call did.

    It passed only if all did, at the first attempt. What was not set up is not called.
    """
    if not others:
        return "passed" if called else "error"
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
