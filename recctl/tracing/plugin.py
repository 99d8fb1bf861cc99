"""The pytest plugin of the package: `--recctl-trace=FILE`. It does nothing unless it is asked to.

All that does something is in the folder `path`, and imported only then.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from recctl.tracing import runs
    from recctl.tracing.path import recctl_tracer

_FILE, _RUN = "RECCTL_TRACE", "RECCTL_TRACE_RUN"

_begun: tuple[pytest.Config, dict[str, str | None], runs.Tree] | None = None
"""Where a run was begun here: in which session, as tests may run sessions of their own, the
variables of the environment as they were before, and what git was asked."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("recctl")
    group.addoption(
        "--recctl-trust",
        metavar="PROGRAM",
        action="append",
        default=[],
        help="a program or an address (HOST:PORT) that reads no recordings, for --recctl-trace",
    )
    group.addoption(
        "--recctl-trace",
        metavar="FILE",
        help="note in FILE which recordings are opened, which tests run and how they end;"
        " to be given with =, as --recctl-trace=FILE; below recctl trace its file is taken",
    )


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Begin a run before the first conftest.py is read, unless this is part of one."""
    _refuse_spaces(early_config)
    file = early_config.known_args_namespace.recctl_trace or os.environ.get(_FILE)
    if file and not os.environ.get(_RUN):
        _begin(file, early_config)
    yield


def _refuse_spaces(early_config: pytest.Config) -> None:
    """Raise UsageError for an option whose value is a word of its own.

    Where that exists, pytest takes it for a path of tests, as it does not know the option yet, and
    may take another folder for its root: then the ids of tests are others than in all other runs.
    """
    words = [*early_config.invocation_params.args]
    words += os.environ.get("PYTEST_ADDOPTS", "").split()
    for option in ("--recctl-trace", "--recctl-trust"):
        if option in words:
            known = words[words.index(option) + 1 :][:1] or ["FILE"]
            raise pytest.UsageError(
                f"{option} needs a sign before its value, or pytest may take that for tests:"
                f" {option}={known[0]}"
            )


def _begin(file: str, early_config: pytest.Config) -> None:
    from recctl.tracing import runs

    root = runs.root_above(early_config.rootpath)
    command = ["pytest", *map(str, early_config.invocation_params.args)]
    try:
        trusted = early_config.known_args_namespace.recctl_trust
        variables = runs.begin(file, root, command, os.environ, trusted)
    except runs.TraceFileError as error:
        raise pytest.UsageError(f"--recctl-trace: {error}") from None
    global _begun  # noqa: PLW0603 - what was changed is the process's environment, too
    before = {name: os.environ.get(name) for name in variables}
    _begun = (early_config, before, runs.Tree(root, variables))
    os.environ.update(variables)
    tracer = runs.tracer().begin()
    if tracer is not None:
        _note_earlier(tracer, str(root))


def _note_earlier(tracer: recctl_tracer.Tracer, root: str) -> None:
    """Note one of the project's own modules that was imported before, and may have opened any.

    `recctl trace` traces a process from its start.
    """
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None)
        if (
            isinstance(file, str)
            and file.startswith(root + os.sep)
            and "-packages" + os.sep not in file
            and name.partition(".")[0] not in ("recctl", "recctl_tracer", "recctl_pytest")
        ):
            tracer.write("untraced", program=name, command=file[:200], pid=tracer.pid, why="early")
            return


def pytest_configure(config: pytest.Config) -> None:
    """Note tests, where this is part of a run."""
    if os.environ.get(_RUN):
        _sessions().begin(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Take what git said meanwhile, so that no test finds it running."""
    if _begun is not None:
        _begun[2].note()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run that was begun here, if one was."""
    global _begun
    if _begun is None or _begun[0] is not config:
        return
    from recctl.tracing import runs

    _begun[2].note()
    session = config.pluginmanager.get_plugin(_sessions().NAME)
    if session is not None and session.exit is not None:
        runs.end(os.environ, session.exit)
    before, _begun = _begun[1], None
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _sessions() -> ModuleType:
    from recctl.tracing import runs

    runs.tracer()
    return import_module("recctl_pytest")
