"""The pytest plugin of the package: `--recctl-trace FILE`. It does nothing unless it is asked to.

All that does something is in the folder `path`, and imported only then.
"""

from __future__ import annotations

import os
from importlib import import_module

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

_FILE, _RUN = "RECCTL_TRACE", "RECCTL_TRACE_RUN"

_begun: tuple[pytest.Config, dict[str, str | None]] | None = None
"""Where a run was begun here: in which session, as tests may run sessions of their own, and the
variables of the environment as they were before."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option."""
    parser.getgroup("recctl").addoption(
        "--recctl-trace",
        metavar="FILE",
        help="note in FILE which recordings are opened, which tests run and how they end;"
        " below recctl trace its file is taken",
    )


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Begin a run before the first conftest.py is read, unless this is part of one."""
    file = early_config.known_args_namespace.recctl_trace or os.environ.get(_FILE)
    if file and not os.environ.get(_RUN):
        _begin(file, early_config)
    yield


def _begin(file: str, early_config: pytest.Config) -> None:
    from recctl.tracing import runs  # noqa: PLC0415

    root = _root(early_config.rootpath)
    command = ["pytest", *map(str, early_config.invocation_params.args)]
    try:
        variables = runs.begin(file, root, command, os.environ)
    except runs.TraceFileError as error:
        raise pytest.UsageError(f"--recctl-trace: {error}") from None
    global _begun  # noqa: PLW0603 - what was changed is the process's environment, too
    _begun = (early_config, {name: os.environ.get(name) for name in variables})
    os.environ.update(variables)
    runs.tracer().begin()


def pytest_configure(config: pytest.Config) -> None:
    """Note tests, where this is part of a run."""
    if os.environ.get(_RUN):
        _sessions().begin(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run that was begun here, if one was."""
    global _begun
    if _begun is None or _begun[0] is not config:
        return
    from recctl.tracing import runs  # noqa: PLC0415

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
    from recctl.tracing import runs  # noqa: PLC0415

    runs.tracer()
    return import_module("recctl_pytest")


def _root(folder: Path) -> Path:
    """The top of the git work tree, as plans have it; without git, pytest's root."""
    for mark in (".git", ".recctl"):
        for above in (folder, *folder.parents):
            if (above / mark).exists():
                return above
    return folder
