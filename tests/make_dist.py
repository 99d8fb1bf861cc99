"""Makes what is released, and tries it as a stranger would: `python -m tests.make_dist`.

The source archive and the wheel are built with the build system's own pins, in environments of
their own, and twice: the wheel out of the archive must be, byte for byte, the one out of the
checkout. Then the wheel is installed in an empty environment, on the oldest Python that is promised
and on the newest one found here, and used outside the checkout. Whatever is not as it should be
ends the run with one line and 1.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from recctl import __version__

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
ARCHIVE = f"recctl-{__version__}.tar.gz"
WHEEL = f"recctl-{__version__}-py3-none-any.whl"

_ADDED = {"PKG-INFO"}
"""What is in a source archive, and in no checkout."""

_TESTS = ("tests/test_golden.py", "tests/test_examples.py", "tests/test_schemas.py")
"""A few tests that read much of what must be in the archive: examples, goldens, schemas."""

_NEEDED_BY_TESTS = ("pytest>=8.2", "hypothesis>=6.100")


class WrongError(Exception):
    """What is built is not fit to be released."""


@dataclass(frozen=True, order=True)
class Interpreter:
    """A Python that runs here."""

    version: tuple[int, int, int]
    path: Path

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.path})"


@dataclass(frozen=True)
class Trial:
    """A line to be tried on copies of the examples: its exit code, and what it must print."""

    words: tuple[str, ...]
    code: int
    printed: str = ""


TRIALS = (
    Trial(("--version",), 0, f"recctl {__version__}\n"),
    Trial(("validate", "clean"), 0, "recctl: 13 recordings, no findings"),
    Trial(("validate", "--format", "sarif", "broken"), 1, '"ruleId"'),
    Trial(("show", "8c5441fa", "clean"), 0, "tide_table"),
    Trial(("diff", "56a26e0b", "7c7832b0", "clean"), 0, "parameter `max_tokens` added"),
    Trial(("ls", "--format", "csv", "clean"), 0, "gpt-4o-mini"),
    Trial(("rehash", "clean"), 0, "nothing to do"),
    Trial(("rehash", "--check", "broken"), 1, "rename"),
    Trial(("stats", "clean"), 0, "13"),
    Trial(("query", "SELECT count(*) FROM recordings", "clean"), 0, "13"),
    Trial(("schema", "recording"), 0, (ROOT / "schemas" / "recording.schema.json").read_text()),
    Trial(("rule", "unreachable"), 0, "I302"),
    Trial(("--show-completion", "bash"), 0, "complete "),
    Trial(("validate", "--nonsense"), 2, "see recctl validate --help"),
    Trial(("show", "ffffffff", "clean"), 1, "recctl: "),
)


def main() -> int:
    """Build, check and try; the exit code."""
    try:
        epoch = _epoch()
        DIST.mkdir(exist_ok=True)
        for old in DIST.glob("recctl-*"):
            old.unlink()
        _build(epoch)
        _check_archive()
        for path in _built():
            _run("twine", "check", "--strict", path)
        _run("check_wheel_contents", DIST / WHEEL)
        _tell("twine and check-wheel-contents find nothing")
        for interpreter in chosen(list(_interpreters())):
            _try(interpreter)
    except WrongError as error:
        _tell(str(error))
        return 1
    for path in _built():
        _tell(f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(ROOT)}")
    return 0


def chosen(found: Sequence[Interpreter]) -> list[Interpreter]:
    """The oldest Python that is promised, and the newest, of those found here.

    Raises WrongError where none is as old as promised: a release is not tried without it.
    """
    oldest = _oldest()
    told = ", ".join(map(str, sorted(found))) or "none"
    _tell(f"found: {told}")
    first = [one for one in found if one.version[:2] == oldest]
    if not first:
        wanted = ".".join(map(str, oldest))
        raise WrongError(f"Python {wanted} is not found here: put python{wanted} on the PATH")
    return sorted({max(first), max(found)})


def _oldest() -> tuple[int, int]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    major, minor = re.fullmatch(r">=(\d+)\.(\d+)", project["requires-python"]).groups()  # type: ignore[union-attr]
    return int(major), int(minor)


def _interpreters() -> Iterator[Interpreter]:
    """Every Python on the path, of pyenv, of uv and of Windows' launcher, one of each version.

    What does not run, as pyenv's stand-ins for versions that are not active, is passed over.
    """
    asked = "import sys; print(sys.executable, *sys.version_info[:3], sep='\\n')"
    seen = set()
    for command in _candidates():
        try:
            path, *numbers = subprocess.check_output(
                [*command, "-I", "-c", asked], stderr=subprocess.DEVNULL, text=True, timeout=30
            ).splitlines()
            major, minor, micro = map(int, numbers)
        except (OSError, ValueError, subprocess.SubprocessError):
            continue
        version = (major, minor, micro)
        if version[:2] >= _oldest() and version not in seen:
            seen.add(version)
            yield Interpreter(version, Path(path))


def _candidates() -> Iterator[tuple[str, ...]]:
    major, oldest = _oldest()
    names = [f"python{major}.{minor}" for minor in range(oldest, oldest + 20)]
    homes = [
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python")),
    ]
    yield from ((place,) for name in names if (place := shutil.which(name)))
    for home in homes:
        yield from ((str(place),) for place in sorted(home.glob("*/bin/python3")))
    if launcher := shutil.which("py"):
        yield from ((launcher, f"-{major}.{minor}") for minor in range(oldest, oldest + 20))
    yield (sys.executable,)


def _epoch() -> str:
    """The time that all built files bear: what is asked for, or that of the last commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    told = _git("log", "-1", "--format=%ct")
    if told is None:
        _tell("no git checkout: files bear the build tool's own fixed time")
        return "1580601600"
    return told.strip()


def _build(epoch: str) -> None:
    """Build twice: the wheel out of the archive, and all of it again out of the checkout."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    _run("build", "--outdir", DIST, ROOT, env=environment)
    with TemporaryDirectory() as again:
        _run("build", "--sdist", "--wheel", "--outdir", again, ROOT, env=environment)
        for name in (ARCHIVE, WHEEL):
            if (DIST / name).read_bytes() != (Path(again) / name).read_bytes():
                raise WrongError(f"{name}: built again from the checkout, it is another one")
    _tell("built twice: the wheel from the archive is the one from the checkout, byte for byte")


def _check_archive() -> None:
    """The archive is all that git tracks, and no more."""
    with tarfile.open(DIST / ARCHIVE) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked = _git("ls-files", "-z")
    if tracked is None:
        _tell("no git checkout: the archive is not compared with what is tracked")
        return
    ours = set(tracked.split("\0")) - {""}
    for one in sorted(names - ours - _ADDED):
        raise WrongError(f"{one} is in the archive, and git does not track it")
    for one in sorted(ours - names):
        raise WrongError(f"{one} is tracked by git, and not in the archive")
    _tell(f"the archive holds the {len(ours)} files that git tracks")


def _try(interpreter: Interpreter) -> None:
    """Install the wheel in an empty environment, outside the checkout, and use it."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        _called([interpreter.path, "-m", "venv", home / "venv"])
        scripts = home / "venv" / ("Scripts" if os.name == "nt" else "bin")
        python = scripts / ("python.exe" if os.name == "nt" else "python")
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        _called([*pip, DIST / WHEEL])
        for corpus in ("clean", "broken"):
            shutil.copytree(ROOT / "examples" / corpus, home / corpus, symlinks=True)
        for trial in TRIALS:
            _tried(trial, scripts / "recctl", home)
        _called([*pip, *_NEEDED_BY_TESTS])
        with tarfile.open(DIST / ARCHIVE) as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(home, filter="data")
            else:  # Python 3.11.0 to 3.11.3 know no filters; it is our own archive
                archive.extractall(home)  # noqa: S202
        unpacked = home / ARCHIVE.removesuffix(".tar.gz")
        _called([python, "-m", "pytest", *_TESTS], cwd=unpacked)
    _tell(f"{interpreter}: {len(TRIALS)} commands and the archive's tests are as they should be")


def _tried(trial: Trial, script: Path, home: Path) -> None:
    kept = {"PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR"}
    environment = {key: value for key, value in os.environ.items() if key in kept}
    done = subprocess.run(
        [script, *trial.words],
        cwd=home,
        env=environment | {"PYTHONUTF8": "1", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    printed = done.stdout.decode().replace("\r\n", "\n")
    if done.returncode != trial.code or trial.printed not in printed or "Traceback" in printed:
        line = " ".join(("recctl", *trial.words))
        raise WrongError(f"{line}: exit code {done.returncode}, not {trial.code}, or:\n{printed}")


def _built() -> list[Path]:
    return [DIST / ARCHIVE, DIST / WHEEL]


def _git(*words: str) -> str | None:
    """What git says of this checkout; null where it is none."""
    if not (ROOT / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode()


def _run(module: str, *words: str | Path, env: Mapping[str, str] | None = None) -> None:
    _called([sys.executable, "-m", module, *words], env=env)


def _called(
    words: Sequence[str | Path], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    """Run a program that must do well; what it printed is shown only where it does not."""
    done = subprocess.run(
        words,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        line = " ".join(map(str, words))
        raise WrongError(f"{line}: exit code {done.returncode}\n{done.stdout.decode()}")


def _tell(text: str) -> None:
    sys.stdout.write(f"dist: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
