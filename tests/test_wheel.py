"""The built wheel, installed outside the checkout, is all of recctl.

It is built without isolation, so that the test needs no network: hatchling must be installed. The
dependencies are those of this environment, lent through a `.pth` file; recctl is the wheel's.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from recctl import __version__, schema
from tests.cli import ROOT, Ran, environment

pytestmark = pytest.mark.skipif(
    find_spec("hatchling") is None or find_spec("build") is None,
    reason="hatchling and build are needed to build the wheel",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment in which the wheel is installed."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=os.name == "posix", system_site_packages=False)
    scripts = home / ("bin" if os.name == "posix" else "Scripts")
    interpreter = scripts / ("python" if os.name == "posix" else "python.exe")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", interpreter, "install", "--quiet", "--no-deps",
         "--no-index", "--no-compile", "--disable-pip-version-check", wheel],
        check=True,
        capture_output=True,
    )  # fmt: skip
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.check_output([interpreter, "-c", asked], text=True).strip()
    # Read after the environment's own packages, and without the .pth files therein.
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return interpreter


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder outside the checkout, with a copy of the clean examples."""
    assert not tmp_path.is_relative_to(ROOT)
    shutil.copytree(ROOT / "examples" / "clean", tmp_path / "clean")
    return tmp_path


def installed(python: Path, cwd: Path, *arguments: str) -> Ran:
    """Run the installed console script."""
    done = subprocess.run(
        [python.parent / "recctl", *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "recctl").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert ours <= contents(wheel)
    assert {"recctl/py.typed", "recctl/dialects/dialects.toml"} <= ours


def test_the_wheel_has_every_schema(wheel: Path) -> None:
    ours = {f"recctl/schemas/{path.name}" for path in (ROOT / "schemas").iterdir()}

    assert ours <= contents(wheel)


def test_the_wheel_has_nothing_but_the_package(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in contents(wheel)}

    assert tops == {"recctl", f"recctl-{__version__}.dist-info"}


def test_the_wheel_names_its_licence_and_dependencies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"recctl-{__version__}.dist-info/METADATA").decode()

    assert "License-Expression: MIT" in metadata
    for dependency in ("typer", "rich", "jsonschema", "jsonschema-rs"):
        assert f"Requires-Dist: {dependency}>=" in metadata
    assert any(name.endswith("licenses/LICENSE") for name in contents(wheel))


def test_the_installed_package_is_the_wheels(python: Path, elsewhere: Path) -> None:
    asked = "import recctl, rich; print(recctl.__file__); print(rich.__file__)"

    printed = subprocess.check_output([python, "-c", asked], cwd=elsewhere, text=True)

    ours, lent = map(Path, printed.splitlines())
    assert ours.is_relative_to(python.parents[1])
    assert not lent.is_relative_to(python.parents[1])


def test_what_the_package_tells_is_typed_for_those_who_import_it(
    python: Path, elsewhere: Path
) -> None:
    (elsewhere / "consumer.py").write_text("import recctl\n\nversion: str = recctl.__version__\n")
    (elsewhere / "wrong.py").write_text("import recctl\n\nversion: int = recctl.__version__\n")

    def checked(name: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, name],
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    assert checked("consumer.py") == "Success: no issues found in 1 source file\n"
    assert 'expression has type "str", variable has type "int"' in checked("wrong.py")


def test_the_wheel_carries_the_scripts_for_shells(python: Path, elsewhere: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        ran = installed(python, elsewhere, "--show-completion", shell)
        assert ran.raw == (ROOT / "recctl" / "cli" / "shells" / f"recctl.{shell}").read_bytes()


def test_the_installed_command_says_its_version(python: Path, elsewhere: Path) -> None:
    assert installed(python, elsewhere, "--version").stdout == f"recctl {__version__}\n"


def test_the_installed_command_validates_the_clean_examples(python: Path, elsewhere: Path) -> None:
    ran = installed(python, elsewhere, "validate", "clean")

    assert (ran.code, ran.stdout) == (0, "")
    assert ran.errors == ["recctl: 13 recordings, no findings"]


def test_the_installed_command_finds_recordings_below_the_working_directory(
    python: Path, elsewhere: Path
) -> None:
    assert len(installed(python, elsewhere, "ls", "--format", "paths").lines) == 13


@pytest.mark.parametrize("name", schema.names())
def test_the_installed_command_prints_the_repositorys_schemas(
    name: str, python: Path, elsewhere: Path
) -> None:
    ran = installed(python, elsewhere, "schema", name)

    assert ran.raw == (ROOT / "schemas" / f"{name}.schema.json").read_bytes()


def test_the_installed_command_knows_the_dialects(python: Path, elsewhere: Path) -> None:
    ran = installed(python, elsewhere, "dialects", "clean")

    assert ran.code == 0
    assert "13  reachable" in ran.stdout


def test_the_installed_package_runs_as_a_module(python: Path, elsewhere: Path) -> None:
    done = subprocess.run(
        [python, "-m", "recctl", "show", "ca1004f4", "clean"],
        cwd=elsewhere,
        env=environment(),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert b"tide_table" in done.stdout
