"""Git repositories made to order, for tests."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

BIRTH = 1_700_000_000
"""When the first commit of a made repository is made, in seconds since 1970."""

Files = Mapping[str, bytes | None]
"""What a commit changes: contents by path, null for what it removes."""


@dataclass(frozen=True)
class Made:
    """A commit to be made, each a day after the one before. `parents` are places in the list."""

    files: Files
    subject: str = "change recordings"
    parents: tuple[int, ...] | None = None
    """Null: the commit before, if there is one."""


@dataclass(frozen=True)
class Work:
    """A work tree."""

    top: Path

    def git(self, *arguments: str, **environment: str) -> str:
        """What git prints, with no settings but the repository's own. It must not fail."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            env=git_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return os.fsdecode(done.stdout).rstrip("\n")

    def write(self, path: str, content: bytes) -> Path:
        """Put a file into the work tree."""
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def commit(self, files: Files | None = None, subject: str = "change", *, day: int = 0) -> str:
        """Change files, commit all there is, and give the commit's id."""
        for path, content in (files or {}).items():
            if content is None:
                (self.top / path).unlink()
            else:
                self.write(path, content)
        self.git("add", "--all")
        time = f"@{BIRTH + 86400 * day} +0000"
        self.git("commit", "-qm", subject, GIT_COMMITTER_DATE=time, GIT_AUTHOR_DATE=time)
        return self.git("rev-parse", "HEAD")

    def tree(self) -> dict[str, bytes]:
        """Every file of the work tree by path."""
        return {
            path.relative_to(self.top).as_posix(): path.read_bytes()
            for path in self.top.rglob("*")
            if path.is_file() and ".git" not in path.relative_to(self.top).parts
        }


def work(top: Path, *options: str) -> Work:
    """A new repository without commits."""
    top.mkdir(parents=True, exist_ok=True)
    made = Work(top)
    made.git("init", "-q", "-b", "main", *options)
    made.git("config", "user.name", "Keeper")
    made.git("config", "user.email", "keeper@example.org")
    made.git("config", "commit.gpgSign", "false")
    return made


def work_with(top: Path, commits: Iterable[Made]) -> Work:
    """A repository with a history, in three processes; the last commit is checked out."""
    made = work(top)
    stream = b"".join(_stream(list(commits)))
    subprocess.run(
        ["git", "fast-import", "--quiet", "--date-format=raw"],
        cwd=top,
        env=git_environment(),
        input=stream,
        check=True,
        capture_output=True,
    )
    made.git("reset", "-q", "--hard", "main")
    return made


def processes_started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines of all processes that are started from now on."""
    started = []
    real = subprocess.Popen

    def counted(arguments: list[str], **options: object) -> object:
        started.append(arguments)
        return real(arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", counted)
    return started


def git_environment(**changes: str) -> dict[str, str]:
    """An environment in which git sees no settings of the caller's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    nowhere = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return kept | nowhere | {"GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"} | changes


def _stream(commits: list[Made]) -> Iterable[bytes]:
    """The history as git-fast-import(1) reads it. Marks are the places in the list, from 1."""
    for place, commit in enumerate(commits):
        before = (place - 1,) if place else ()
        parents = before if commit.parents is None else commit.parents
        who = f"Keeper <keeper@example.org> {BIRTH + 86400 * place} +0000"
        subject = commit.subject.encode()
        branch = b"refs/heads/" + (b"main" if place == len(commits) - 1 else b"past")
        if not parents:
            yield b"reset %b\n\n" % branch
        yield b"commit %b\n" % branch
        yield f"mark :{place + 1}\ncommitter {who}\ndata {len(subject)}\n".encode()
        yield subject + b"\n"
        for number, parent in enumerate(parents):
            yield f"{'merge' if number else 'from'} :{parent + 1}\n".encode()
        for path, content in commit.files.items():
            named = _quoted(path)
            if content is None:
                yield b"D %b\n" % named
            else:
                yield b"M 100644 inline %b\ndata %d\n%b\n" % (named, len(content), content)


def _quoted(path: str) -> bytes:
    plain = os.fsencode(path)
    for special in (b"\\", b'"'):
        plain = plain.replace(special, b"\\" + special)
    return b'"' + plain.replace(b"\n", b"\\n") + b'"'
