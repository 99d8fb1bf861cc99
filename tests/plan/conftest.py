"""What tests of plans begin with: a small tree, and folders in memory where there are such.

These tests make thousands of small files.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.plan.trees import grown, steps

_MEMORY = Path("/dev/shm")  # noqa: S108 - only where it is, and below it a name of our own


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder, removed after the test."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        folder = Path(mkdtemp(prefix="recctl-", dir=_MEMORY))
    else:
        folder = tmp_path_factory.mktemp("plan")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The top of a tree with recordings."""
    return grown(tmp_path / "lighthouse")


@pytest.fixture
def no_syncing() -> Iterator[None]:
    """Nothing waits for the disk."""
    with steps():
        yield
