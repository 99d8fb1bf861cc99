"""The corpora to measure on, each in a git repository of its own in the work folder."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.generate import SEED, digest, generate
from benchmarks.parse import recordings

_ROOT = Path(__file__).parents[1]

_MEAN = 30_000
"""Bytes of disk that a generated recording takes, with room to spare."""


class NoCorpusError(Exception):
    """Why a corpus cannot be measured on."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where a corpus is, what it is called, and its files below the folder, sorted."""

    name: str
    root: Path
    files: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all recordings."""
        return sum((self.root / one).stat().st_size for one in self.files)


def environment(work: Path) -> dict[str, str]:
    """An environment in which no setting of the caller's has a say."""
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR")
    fixed = {
        "HOME": str(work / "home"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
    }
    (work / "home").mkdir(parents=True, exist_ok=True)
    return {key: os.environ[key] for key in kept if key in os.environ} | fixed


def generated(work: Path, count: int, env: Mapping[str, str], seed: int = SEED) -> Corpus:
    """A generated corpus, made if it is not there yet. Raises NoCorpusError."""
    root = work / f"generated-{count}-{seed}-{digest()}"
    if not root.exists():
        work.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(work).free < count * _MEAN:
            raise NoCorpusError(f"there is no room for it in {work}")
        with _draft_of(root, env) as draft:
            generate(draft, count, seed)
    return Corpus(f"{count:,} recordings", root, _files(root))


def real(work: Path, env: Mapping[str, str]) -> Corpus:
    """A copy of the real recordings. Raises NoCorpusError where there are none."""
    named = os.environ.get("RECCTL_TEST_CORPUS")
    data = Path(named) if named else _ROOT.parent / "shared" / "data"
    source = data / "corpus" if (data / "corpus").is_dir() else data
    files = _files(source)
    if not files:
        raise NoCorpusError(f"there are none in {source}; RECCTL_TEST_CORPUS names no other")
    told = [f"{name} {(source / name).stat().st_size}" for name in files]
    root = work / f"real-{sha256(os.fsencode(chr(10).join(told))).hexdigest()[:8]}"
    if not root.exists():
        with _draft_of(root, env) as draft:
            for name in files:
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, draft / name)
    return Corpus(f"real, {len(files):,} recordings", root, files)


@dataclass
class Change:
    """One letter of an answer, another one each time."""

    path: Path
    offset: int
    before: bytes
    times: int = 0

    def make(self) -> None:
        """Write the file with the next letter."""
        self.times += 1
        letter = bytes([ord("a") + self.times % 26])
        with self.path.open("r+b") as file:
            file.seek(self.offset)
            file.write(letter)

    def undo(self) -> None:
        """Write the file as it was."""
        self.path.write_bytes(self.before)


def change_of(corpus: Corpus) -> Change:
    """A change of a recording in the middle of the corpus. Raises NoCorpusError."""
    middle = len(corpus.files) // 2
    mark = b'"content": "'
    for name in corpus.files[middle:] + corpus.files[:middle]:
        raw = (corpus.root / name).read_bytes()
        at = raw.find(mark, max(raw.find(b'\n  "response": {'), 0)) + len(mark)
        if at >= len(mark) and raw[at : at + 1].isalpha():
            return Change(corpus.root / name, at, raw)
    raise NoCorpusError("no answer has a letter to change")


def _files(root: Path) -> tuple[str, ...]:
    return tuple(sorted(os.path.relpath(path, root) for path in recordings(str(root))))


@contextmanager
def _draft_of(root: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """A folder to be filled; then it is committed and gets its name, by which it counts as whole.

    Nothing is left of one that was interrupted.
    """
    draft = Path(mkdtemp(prefix="draft-", dir=root.parent))
    try:
        yield draft
        draft.chmod(0o755)
        if shutil.which("git"):
            _commit(draft, env)
        draft.rename(root)
    except BaseException:
        shutil.rmtree(draft)
        raise


def _commit(draft: Path, env: Mapping[str, str]) -> None:
    """Make a repository of a folder.

    Only the index and the commit are written: `git status` reads no blob, and a second copy of
    every file would fill the disk.
    """

    def git(*words: str, told: bytes = b"") -> str:
        identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
        return subprocess.run(  # noqa: S603 - no shell
            ("git", *identity, *words),  # noqa: S607 - as it is found
            cwd=draft,
            env=env,
            input=told,
            capture_output=True,
            check=True,
        ).stdout.decode()

    git("init", "--quiet")
    paths = b"".join(os.fsencode(name) + b"\0" for name in _files(draft))
    git("update-index", "--add", "--info-only", "-z", "--stdin", told=paths)
    tree = git("write-tree", "--missing-ok").strip()
    git("update-ref", "HEAD", git("commit-tree", "-m", "Record", tree).strip())
