"""What traced processes note: the hook, in Pythons of many kinds, and when things go wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from recctl.evidence import Case, read
from recctl.tracing import PATH, runs
from tests.cli import environment, needs_posix

NAME = "0" * 64 + ".json"


class Traced:
    """A tree with one recording, and a run that was begun there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trace = root / "trace.jsonl"
        self.recording = root / "tests" / "recordings" / NAME
        self.recording.parent.mkdir(parents=True)
        self.recording.write_text("{}")
        self.env = environment(R=str(self.recording))
        self.env |= runs.begin(str(self.trace), root, ["me"], self.env)

    def python(self, code: str, *options: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run Python code in the root."""
        return subprocess.run(
            [sys.executable, *options, "-c", dedent(code)],
            cwd=self.root,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def opened(self) -> set[str]:
        """The paths in the trace."""
        return set(read(traces=[str(self.trace)]).openings)

    def addresses(self, kind: str) -> set[str]:
        """The addresses in lines of a kind."""
        lines = map(json.loads, self.trace.read_text().splitlines())
        return {line["address"] for line in lines if line["kind"] == kind}

    def doubts(self) -> str:
        """What makes the run doubtful."""
        return " ".join(read(traces=[str(self.trace)]).doubts)


@pytest.fixture
def traced(tmp_path: Path) -> Traced:
    return Traced(tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        "open(R).close()",
        "open(R.encode()).close()",
        "open(Path(R)).close()",
        "Path(R).read_bytes()",
        "os.close(os.open(R, os.O_RDONLY))",
        "io.open_code(R).close()",
        "os.chdir('tests'); open('recordings/../recordings/' + Path(R).name)",
        "[open(one) for one in Path('tests').rglob('*.json')]",
        "with open(R, 'r+b') as f: f.write(b'{}'); mmap.mmap(f.fileno(), 0)",
        "shutil.copy(R, 'elsewhere')",
        "Path('new').write_text('{}'); os.replace('new', R)",
        "io.FileIO(Path(R)).close()",
        "os.close(os.open(Path(R), os.O_RDONLY))",
        "open(type('S', (str,), {'__str__': lambda self: 'x'})(R)).close()",
        "os.close(os.open(Path(R).name, os.O_RDONLY, dir_fd=os.open('tests/recordings', 0)))",
        "os.symlink(R, 'link'); open('link').close()",
        "os.link(R, 'other')",
        "os.rename(R, 'other')",
        "shutil.move(R, 'other')",
        "os.chdir('tests/recordings'); open('/proc/self/cwd/' + Path(R).name).close()",
        "[open(R).close() for _ in range(3)]",
        "sys.setrecursionlimit(70); open(R).close()",
        "os.open = os.lstat = os.write = os.getcwd = None; io.open(R).close()",
    ],
)
def test_each_way_to_open_a_recording_is_noted(code: str, traced: Traced) -> None:
    head = "import io, mmap, os, shutil, sys; from pathlib import Path; R = os.environ['R']; "

    done = traced.python(f"{head}\n{code}", "-W", "ignore")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert f"tests/recordings/{NAME}" in traced.opened() or NAME in traced.opened()
    assert (
        read(traces=[str(traced.trace)]).judge(Case(f"tests/recordings/{NAME}", None)).reason
        == "opened"
    )


@needs_posix
def test_links_through_which_a_folder_is_left_are_followed(traced: Traced) -> None:
    (traced.root / "deep" / "er").mkdir(parents=True)
    (traced.root / "x.json").write_text("{}")
    (traced.root / "tests" / "link").symlink_to(traced.root / "deep" / "er")
    (traced.root / "deep" / "x.json").write_text("{}")

    traced.python("open('tests/link/../x.json')")

    assert "deep/x.json" in traced.opened()


def test_many_files_of_one_folder_and_new_ones_are_noted(traced: Traced) -> None:
    traced.python(
        """
        for number in range(50):
            with open(f"tests/{number}.json", "w"): pass
        for number in range(50):
            with open(f"tests/{number}.json"): pass
        import os
        os.symlink(os.environ["R"], "tests/0.link")
        os.replace("tests/0.link", "tests/0.json")
        with open("tests/0.json"): pass
        """
    )

    assert len(traced.opened()) == 51


@needs_posix
def test_a_link_and_what_it_leads_to_are_both_noted(traced: Traced) -> None:
    (traced.root / "link.json").symlink_to(traced.recording)
    (traced.root / "folder").symlink_to(traced.recording.parent)

    traced.python(f"open('link.json'); open('folder/{NAME}')")

    assert traced.opened() == {"link.json", f"folder/{NAME}", f"tests/recordings/{NAME}"}


def test_what_is_not_there_or_no_recording_is_not_noted(traced: Traced) -> None:
    (traced.root / "other.txt").write_text("")

    traced.python(
        """
        open('other.txt')
        try: open('tests/recordings/missing.json')
        except FileNotFoundError: pass
        """
    )

    assert traced.opened() == set()


def test_a_recording_that_is_written_is_noted(traced: Traced) -> None:
    traced.python("open('tests/recordings/new.json', 'w')")

    assert traced.opened() == {"tests/recordings/new.json"}


def test_outside_of_the_tree_only_recordings_are_noted(
    traced: Traced, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for name in ("settings.json", NAME):
        (outside / name).write_text("{}")

    traced.python(f"open({str(outside / 'settings.json')!r}); open({str(outside / NAME)!r})")

    assert traced.opened() == {str(outside / NAME).lower()}


FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize(
    "code",
    [
        "subprocess.run([sys.executable, '-c', 'import os; open(os.environ[\"R\"])'])",
        "os.system(f'{sys.executable} -c \"import os; open(os.environ[chr(82)])\"')",
        pytest.param("os.fork() or (open(os.environ['R']), os._exit(0)); os.wait()", marks=FORKS),
        "multiprocessing.get_context('spawn').Process(target=open, args=[os.environ['R']]).start()",
        pytest.param(
            "multiprocessing.get_context('forkserver').Process("
            "target=open, args=[os.environ['R']]).start()",
            marks=FORKS,
        ),
        "threading.Thread(target=open, args=[os.environ['R']]).start()",
    ],
)
def test_processes_and_threads_that_a_process_starts_are_traced(code: str, traced: Traced) -> None:
    head = "import multiprocessing, os, subprocess, sys, threading\n"

    done = traced.python(f"{head}if __name__ == '__main__':\n    {code}", "-W", "ignore")

    assert done.returncode == 0, done.stderr
    assert traced.opened() == {f"tests/recordings/{NAME}"}


@pytest.mark.parametrize("option", ["-I", "-E", "-S", "-Ic", "-Bs"])
def test_a_python_that_will_not_be_traced_is_noted_by_the_one_that_starts_it(
    option: str, traced: Traced
) -> None:
    options = [option] if option == "-Ic" else [option, "-c"]
    traced.python(f"import subprocess, sys; subprocess.run([sys.executable, *{options}, 'pass'])")

    assert ("not traced as its options forbid it" in traced.doubts()) == (option != "-Bs")


def test_a_python_in_another_environment_is_noted(traced: Traced) -> None:
    traced.python("import subprocess, sys; subprocess.run([sys.executable, '-c', ''], env={})")

    assert "not traced for want of variables" in traced.doubts()


@pytest.mark.parametrize(
    ("start", "program"),
    [
        ("subprocess.run(['sort', '/dev/null'])", "sort"),
        ("subprocess.run('sort /dev/null', shell=True)", "sort"),
        ("os.system('echo x; sort /dev/null')", "sort"),
        ("os.system('PYTHONPATH= python3 -c 1')", "sh"),
        ("os.system('env -i python3 -c 1')", "env"),
        ("os.system('unset RECCTL_TRACE; python3 -c 1')", "sh"),
        ("os.system('cd /; ./nothing')", "nothing"),
        ("os.system('echo $(sort /dev/null)')", "sh"),
        ("os.system('python3 -Ic 1')", "python3"),
        ("os.waitpid(os.posix_spawnp('sort', ['sort', '/dev/null'], os.environ), 0)", "sort"),
        ("os.fork() or os.execlp('sort', 'sort', '/dev/null'); os.wait()", "sort"),
        ("os.spawnlp(os.P_WAIT, 'sort', 'sort', '/dev/null')", "sort"),
        ("pty.spawn(['sort', '/dev/null'])", "sort"),
        ("subprocess.run(['./script.sh'])", "script.sh"),
        ("subprocess.run(['./isolated'])", "isolated"),
        ("subprocess.run(['sh', 'script.sh'])", "script.sh"),
        ("os.environ.pop('PYTHONPATH'); spawn()", "python"),
        ("subprocess.run(['git', '--version'], env={})", ""),
        ("subprocess.run(['./script'])", ""),
        ("subprocess.run(['./long'])", ""),
        ("os.system('for i in 1 2; do echo $i; done; python3 -c 1 2>&1 | true')", ""),
        ("subprocess.run(['env', 'X=1', 'timeout', '9', 'python3', '-c', '1'])", ""),
        ("spawn()", ""),
    ],
)
@needs_posix
def test_a_program_that_may_read_recordings_untraced_is_noted(
    start: str, program: str, traced: Traced
) -> None:
    scripts = {
        "script.sh": "#!/bin/sh\nexit 0\n",
        "isolated": f"#!{sys.executable} -E\n",
        "script": "#!/usr/bin/env python3\n",
        "long": f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n".replace(
            "'''", "'" * 3
        ),
    }
    for name, text in scripts.items():
        (traced.root / name).write_text(text)
        (traced.root / name).chmod(0o755)
    head = """
import multiprocessing, os, pty, subprocess
def spawn():
    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()
if __name__ == "__main__":
    """

    traced.python(head + start, "-W", "ignore")

    told = traced.doubts()
    assert told.endswith(f"--trust {program}") if program else (told == ""), told


def started_at_once(command: str, traced: Traced) -> str:
    """The doubts, once a shell has been given a command by Python."""
    traced.python(f"import os; os.system({command!r})")
    return traced.doubts()


@needs_posix
@pytest.mark.parametrize(
    "command",
    [
        "git rev-parse HEAD",
        "git -C . --no-pager status --porcelain -sb",
        "git init -q . -b main",
        "git config user.email a@b",
        "git config --get remote.origin.url",
        "git log -n 1 --format=%H -- tests",
        "git log -1 --oneline",
        "git ls-files --others",
        "git commit -qam prose",
        "gcc -Wl,-t -o /dev/null -lm",
        "file -b /bin/sh",
    ],
)
def test_what_git_and_compilers_do_without_handing_out_content_is_harmless(
    command: str, traced: Traced
) -> None:
    if shutil.which(command.partition(" ")[0]) is None:
        pytest.skip("there is no such program")
    assert started_at_once(command, traced) == ""


@needs_posix
@pytest.mark.parametrize(
    "command",
    [
        "git show HEAD:x",
        "git grep x",
        "git diff",
        "git cat-file -p HEAD",
        "git archive HEAD",
        "git checkout -- x",
        "git log -p",
        "git log -2up",
        "git log --patch",
        "git log --color-words",
        "git log -L1,2:x",
        "git log -G x",
        "git status -v",
        "git status -sv",
        "git status --verb",
        "git -c alias.status='!cat x' status",
        "git --exec-path=/x status",
        "git --config-env=a=B status",
        "git config core.fsmonitor x",
        "git status $MORE",
        "git for-each-ref --format='%(raw)'",
        "git mine",
        "git",
    ],
)
def test_of_git_that_may_hand_out_content_recordings_may_come(command: str, traced: Traced) -> None:
    assert started_at_once(command, traced).endswith("--trust git")


def test_the_programs_that_are_not_traced_are_told_of_and_counted(traced: Traced) -> None:
    traced.python("import os\nfor one in ('sort', 'uniq', 'cat', 'wc', 'cut'): os.system(one)")

    assert "2 more programs are not traced" in traced.doubts()
    assert traced.doubts().count("--trust") == 3


def test_a_further_interpreter_in_the_process_is_not_traced(traced: Traced) -> None:
    code = "import sys; sys.audit('cpython.PyInterpreterState_New')"

    traced.python(code, RECCTL_TRACE_TRUST="sub-interpreter")
    assert traced.doubts() == ""

    traced.python(code)
    assert "--trust sub-interpreter" in traced.doubts()


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the module has another name")
def test_python_tells_of_further_interpreters(traced: Traced) -> None:
    done = traced.python("import _xxsubinterpreters as i; i.destroy(i.create())")

    assert done.returncode == 0, done.stderr
    assert "it made a sub-interpreter" in traced.doubts()


@needs_posix
def test_folders_are_no_recordings(traced: Traced) -> None:
    (traced.root / "a.json").mkdir()
    (traced.root / "b.json").mkdir()

    traced.python(
        """
        import os, shutil
        for _ in range(3): os.close(os.open("a.json", os.O_RDONLY))
        os.close(os.open("b.json", os.O_RDONLY | os.O_DIRECTORY))
        shutil.rmtree("a.json")
        """
    )

    assert traced.opened() == set()


def test_a_program_that_does_not_exist_reads_nothing(traced: Traced) -> None:
    traced.python("import os, subprocess; subprocess.run(['no-such-program'])")

    assert traced.doubts() == ""


@needs_posix
def test_a_program_that_is_trusted_reads_nothing(traced: Traced) -> None:
    traced.python("import subprocess; subprocess.run(['sort', '/dev/null'])", **TRUSTING)

    assert traced.doubts() == ""


TRUSTING = {"RECCTL_TRACE_TRUST": "sort,localhost:9,127.0.0.1:11"}


@needs_posix
def test_files_that_are_named_to_other_programs_are_noted(traced: Traced) -> None:
    traced.python("import os, subprocess; subprocess.run(['cat', os.environ['R']])")

    assert traced.opened() == {f"tests/recordings/{NAME}"}
    assert "--trust cat" in traced.doubts()


@needs_posix
@pytest.mark.parametrize("name", ["test", "date", "git", "sh", "cc", "python3"])
def test_a_program_of_the_project_may_do_anything_whatever_it_is_called(
    name: str, traced: Traced
) -> None:
    program = traced.root / "scripts" / name
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncat "$R"\n')
    program.chmod(0o755)

    traced.python(f"import subprocess; subprocess.run(['scripts/{name}', '--version'])")

    assert f"--trust {name}" in traced.doubts()


@needs_posix
def test_a_name_is_looked_up_where_the_program_will_be_found(traced: Traced) -> None:
    (traced.root / "date").write_text("#!/bin/sh\n")
    (traced.root / "date").chmod(0o755)

    traced.python(
        "import os, subprocess; subprocess.run(['date'], env={**os.environ, 'PATH': '.'})"
    )

    assert "--trust date" in traced.doubts()


@needs_posix
def test_the_python_of_an_environment_in_the_tree_is_one(traced: Traced) -> None:
    import venv

    venv.create(traced.root / "env", symlinks=False)

    traced.python("import subprocess; subprocess.run(['env/bin/python3', '-c', ''])")

    assert traced.doubts() == ""


@needs_posix
@pytest.mark.parametrize(
    "command",
    [
        "hash -p /bin/cat ls; ls",
        "printf -v PATH .; date",
        "GIT_CONFIG_COUNT=1 git status",
    ],
)
def test_what_changes_what_a_name_means_in_a_shell_is_not_understood(
    command: str, traced: Traced
) -> None:
    traced.python(f"import subprocess; subprocess.run(['bash', '-c', {command!r}])")

    assert "--trust bash" in traced.doubts()


@pytest.mark.parametrize(
    ("key", "value", "is_fine"),
    [
        ("core.fsmonitor", "cat x", False),
        ("core.fsmonitor", "false", True),
        ("user.name", "a", True),
    ],
)
def test_git_may_be_told_by_variables_to_start_programs(
    key: str, value: str, is_fine: bool, traced: Traced
) -> None:
    told = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": value}

    traced.python("import subprocess; subprocess.run(['git', 'status'])", **told)

    assert (traced.doubts() == "") is is_fine


# Processes that cannot write any more


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may do so")
@pytest.mark.parametrize(
    "loss",
    ["os.chroot('empty')", "os.setuid(65534)", "os.setresuid(65534, 65534, 65534)"],
)
def test_that_a_process_gave_up_the_right_to_write_the_trace_is_noted(
    loss: str, traced: Traced
) -> None:
    (traced.root / "empty").mkdir()
    traced.trace.touch(0o600)
    code = f"if os.fork() == 0: {loss}; os._exit(0)\nos.wait()"

    traced.python(f"import os\n{code}")

    assert "lines of its trace are lost" in traced.doubts()


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may do so")
def test_a_process_that_may_still_write_the_trace_has_lost_nothing(traced: Traced) -> None:
    traced.trace.touch()
    traced.trace.chmod(0o666)
    for folder in (traced.root, *traced.root.parents[:3]):
        folder.chmod(0o755)

    traced.python("import os\nif os.fork() == 0: os.setuid(65534); os._exit(0)\nos.wait()")

    assert traced.doubts() == ""


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may do so")
def test_a_python_that_is_started_as_another_user_is_noted(traced: Traced) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], user=65534)"

    traced.python(code)

    assert "as it is another user's" in traced.doubts()


# Connections


def test_connections_and_what_listens_are_noted(traced: Traced) -> None:
    done = traced.python(
        """
        import socket
        def connect(address):
            try: socket.create_connection(address, timeout=5).close()
            except OSError: pass
        for host in ("127.0.0.1", ""):
            server = socket.socket()
            server.bind((host, 0))
            server.listen()
            print(server.getsockname()[1])
            connect(("127.0.0.1", server.getsockname()[1]))
            server.accept()
        bound = socket.socket()  # which never listens, as what looks for a free port
        bound.bind(("127.0.0.1", 0))
        print(bound.getsockname()[1])
        connect(bound.getsockname())
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        datagrams.connect(("127.0.0.1", 9))
        connect(("127.0.0.1", 53))
        """,
        "-W",
        "ignore",
    )

    first, any_host, bound = done.stdout.split()
    assert traced.addresses("listen") == {f"127.0.0.1:{first}", f"*:{any_host}"}
    assert traced.addresses("connect") == {f"127.0.0.1:{one}" for one in (first, any_host, bound)}
    assert traced.doubts() == (
        f"me: it connected to 127.0.0.1:{bound}, where nothing traced listens;"
        f" if that reads no recordings: --trust 127.0.0.1:{bound}"
    )


@needs_posix
def test_sockets_of_the_file_system_and_servers_in_other_processes_are_matched(
    traced: Traced,
) -> None:
    done = traced.python(
        """
        import multiprocessing, os, socket, subprocess, sys
        code = "import socket; s = socket.socket(socket.AF_UNIX); s.bind('s'); s.listen();"
        code += "print(flush=True); s.accept()"
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        process.stdout.readline()
        with socket.socket(socket.AF_UNIX) as client: client.connect(os.path.abspath("s"))
        process.wait()
        if __name__ == "__main__":
            context = multiprocessing.get_context("forkserver")
            child = context.Process(target=print)
            child.start()
            child.join()
        """,
        "-W",
        "ignore",
    )

    assert done.returncode == 0, done.stderr
    assert f"unix:{traced.root / 's'}" in traced.addresses("connect")
    assert traced.addresses("connect") <= traced.addresses("listen")
    assert traced.doubts() == ""


def test_addresses_may_be_trusted(traced: Traced) -> None:
    connect = "import socket; [socket.socket().connect_ex(('127.0.0.1', n)) for n in (9, 11)]"

    traced.python(connect, "-W", "ignore", **TRUSTING)
    assert traced.addresses("connect") == set()

    traced.python(connect, "-W", "ignore")
    assert traced.addresses("connect") == {"127.0.0.1:9", "127.0.0.1:11"}


def test_a_package_that_connects_unseen_counts_as_a_connection(traced: Traced) -> None:
    (traced.root / "grpc").mkdir()
    (traced.root / "grpc" / "__init__.py").write_text("")

    traced.python("import grpc")

    assert traced.addresses("connect") == {"grpc"}
    assert "--trust grpc" in traced.doubts()


def test_a_package_that_connects_unseen_may_be_imported_by_another_one(traced: Traced) -> None:
    packages = traced.root / "site-packages"
    packages.mkdir()
    (packages / "grpc.py").write_text("")
    (packages / "other.py").write_text("import grpc")

    traced.python("import sys; sys.path.append('site-packages'); import other")

    assert traced.addresses("connect") == set()


def test_a_test_that_a_process_is_started_for_is_named(traced: Traced) -> None:
    traced.python("import os; open(os.environ['R'])", PYTEST_CURRENT_TEST="a.py::t[x (y)] (call)")

    (opening,) = read(traces=[str(traced.trace)]).openings[f"tests/recordings/{NAME}"]
    assert opening.test == "a.py::t[x (y)]"


# Being no trouble


def test_the_sitecustomize_that_is_hidden_has_its_turn(traced: Traced) -> None:
    (traced.root / "site").mkdir()
    (traced.root / "site" / "sitecustomize.py").write_text("import sys; sys.hidden = __file__\n")
    path = traced.env["PYTHONPATH"] + os.pathsep + str(traced.root / "site")

    done = traced.python(
        "import sys, sitecustomize; print(sys.hidden == sitecustomize.__file__, sys.path[1:3])",
        PYTHONPATH=path,
    )

    assert done.stdout == f"True {[str(PATH), str(traced.root / 'site')]}\n"
    assert done.stderr == ""


def test_an_error_in_the_hidden_sitecustomize_is_told_as_ever(traced: Traced) -> None:
    (traced.root / "sitecustomize.py").write_text("1 / 0\n")
    plain = traced.python("", PYTHONPATH=str(traced.root))
    path = traced.env["PYTHONPATH"] + os.pathsep + str(traced.root)

    done = traced.python("", PYTHONPATH=path)

    assert "ZeroDivisionError" in done.stderr
    assert (done.stderr, done.returncode) == (plain.stderr, plain.returncode)


def test_tracing_imports_next_to_nothing(traced: Traced) -> None:
    code = "import sys; print(*sorted(sys.modules))"
    plain = set(traced.python(code, PYTHONPATH="").stdout.split())

    more = set(traced.python(code).stdout.split()) - plain

    assert more <= {"__future__", "_json", "recctl_tracer", "sitecustomize"}


def test_a_program_that_closes_all_its_descriptors_is_traced(traced: Traced) -> None:
    done = traced.python(
        "import os; os.closerange(3, 99); f = open('mine', 'w'); open(os.environ['R']); f.close()"
    )

    assert done.returncode == 0
    assert (traced.root / "mine").read_text() == ""
    assert traced.opened() == {f"tests/recordings/{NAME}"}


def test_a_trace_that_is_gone_is_no_trouble(traced: Traced) -> None:
    done = traced.python("import os; os.unlink('trace.jsonl'); print(open(os.environ['R']).read())")

    assert (done.stdout, done.stderr) == ("{}\n", "")


@needs_posix
def test_a_full_disk_leaves_a_trace_that_is_known_to_lack_something(traced: Traced) -> None:
    import resource  # which Windows has not

    def limit() -> None:
        size = traced.trace.stat().st_size + 150
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [sys.executable, "-c", "import os; print(open(os.environ['R']).read())"],
        cwd=traced.root,
        env=traced.env,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )

    assert (done.stdout, done.stderr) == ("{}\n", "")
    assert "its trace is damaged" in traced.doubts()


@needs_posix
def test_a_line_that_does_not_fit_at_all_tears_the_file(traced: Traced) -> None:
    tracer = runs.tracer().Tracer(str(traced.trace), "0" * 16, str(traced.root))
    whole = traced.trace.read_bytes()
    code = f"""
        import resource, signal, sys
        sys.path.append({str(PATH)!r})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({len(whole)},) * 2)
        import recctl_tracer
        tracer = recctl_tracer.Tracer({str(traced.trace)!r}, "0" * 16, ".")
        print(tracer.write("end", exit=0), tracer.write("end", exit=0), tracer.lost)
        """

    done = traced.python(code, PYTHONPATH="")

    assert done.stdout == "False False 2\n", done.stderr
    # The byte that is free again takes the first of the next line.
    assert traced.trace.read_bytes() == whole[:-1] + b"{"
    tracer.write("end", exit=0)
    assert "its trace is damaged" in traced.doubts()


def test_lines_that_could_not_be_written_are_told_of_later(traced: Traced) -> None:
    tracer = runs.tracer().Tracer(str(traced.root / "later"), "0" * 16, str(traced.root))

    assert not tracer.write("end", exit=0)
    (traced.root / "later").touch()
    assert tracer.write("end", exit=0)

    assert b'"kind":"lost"' in (traced.root / "later").read_bytes()


@needs_posix
def test_a_process_that_is_killed_leaves_whole_lines(traced: Traced) -> None:
    done = traced.python(
        """
        import os, signal
        open(os.environ['R'])
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )

    assert done.returncode == -signal.SIGKILL
    evidence = read(traces=[str(traced.trace)])
    assert evidence.flaws == ("me: it was interrupted",)
    assert traced.opened() == {f"tests/recordings/{NAME}"}


def test_many_processes_at_once_do_not_mix_their_lines(traced: Traced) -> None:
    for number in range(200):
        (traced.recording.parent / f"{number:064}.json").write_text("{}")
    code = "from pathlib import Path\nfor one in Path('tests').rglob('*.json'): open(one).close()"
    command = [sys.executable, "-c", code]

    each = [subprocess.Popen(command, cwd=traced.root, env=traced.env) for _ in range(4)]

    assert [process.wait(60) for process in each] == [0] * 4
    assert len(traced.opened()) == 200
    assert traced.doubts() == ""


def test_names_that_are_no_text_are_noted_as_far_as_they_can_be(traced: Traced) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a file system that takes any bytes as names")
    folder = os.fsencode(traced.root) + b"/tests/\xff"
    os.mkdir(folder)  # noqa: PTH102 - bytes
    with open(folder + b"/one.json", "wb"):  # noqa: PTH123
        pass

    traced.python(f"open({folder + b'/one.json'!r})")

    assert traced.opened() == {"tests/\ufffd/one.json"}
