"""The command line: which commands there are, and the one place where errors end.

Nothing is imported here that not every run needs, for git calls recctl once for each file.
"""

import errno
import gc
import os
import signal
import sys
from contextlib import suppress

from recctl import __version__
from recctl.errors import ExitCode, RecctlError

ON_WINDOWS = os.name == "nt"

COMMANDS = {
    "validate": "Check recordings: text, structure, hash, folder, answer.",
    "show": "Print one recording as a conversation.",
    "assemble": "Print answers in one piece, as JSON.",
    "ls": "List recordings, one line each.",
    "diff": "Say what changed between recordings, trees or commits.",
    "why": "Explain why a recording was not found, from the error's text.",
    "rehash": "Give stale recordings the names that today's rules ask for.",
    "migrate": "Change requests, tests or types on purpose; names follow.",
    "prune": "Remove recordings that evidence proves unused.",
    "trace": "Run a command and note which recordings it opens.",
    "stats": "Total recordings by folder, test, model, standing and more.",
    "query": "Ask about recordings and findings in SQL.",
    "normalize": "Do to old recordings what the recorder does to new ones.",
    "restore": "Bring recordings back from git's history.",
    "apply": "Carry out a plan, or finish one that was interrupted.",
    "undo": "Take back a change: the tree is again as it was.",
    "history": "List what was changed, and what can be taken back.",
    "schema": "Print a JSON Schema, or the names of all.",
    "rule": "Explain a rule, or list all.",
    "dialects": "List the hash dialects, and count which recordings agree.",
    "hash": "Print a request's hash under each dialect.",
    "git": "Let git show recordings as text, and merge two of one request.",
    "textconv": "Print a recording as text that can be compared by lines.",
    "config": "Print the configuration, and where each value comes from.",
}
"""Every command and its line of help; the module of the same name holds the rest."""


def main() -> None:
    """Run the command line and exit. Bad input ends in one line on stderr, never a traceback."""
    _prepare_streams()
    # Recordings are trees, and what is imported stays: a collector would walk both for nothing.
    gc.disable()
    try:
        code = _run_at_once(sys.argv[1:])
        if code is None:
            from recctl.cli.app import run  # loads the library of command lines

            code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except RecctlError as error:
        code = _told(str(error), error.exit_code)
    except Exception as error:
        code = _told_of_other(error)
    gc.freeze()  # nor is there a need to walk them at the end
    sys.exit(code)


def _run_at_once(arguments: list[str]) -> int | None:
    """Run what git and test runs wait for, and what asks for the version; null for all else.

    What is not as git's drivers have it, or not as a trace is mostly asked for, is left to the
    library of command lines: the same commands are known there, with their help.
    """
    match arguments:
        case ["--version"]:
            sys.stdout.write(f"recctl {__version__}\n")
            return ExitCode.FINE
        case ["--complete", *words]:
            from recctl.cli.completion import complete

            return complete(words)
        case ["textconv", path] | ["textconv", "--form", _, path] if not path.startswith("-"):
            from recctl.textconv import convert

            return convert(path)
        case ["git", "merge", base, ours, theirs, size, path, *labels]:
            from recctl.drivers.merge import merge

            return merge((base, ours, theirs), size, path, labels)
        case ["trace", *words]:
            from recctl.cli.traced import plain, traced

            asked = plain(words)
            return traced(*asked) if asked is not None else None
    return None


def _prepare_streams() -> None:
    """Make printing never fail for a character, and quiet where nobody reads any more."""
    if hasattr(signal, "SIGPIPE"):
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
            if ON_WINDOWS and not os.environ.get("PYTHONIOENCODING"):
                # Into a pipe Windows has the code page of old programs, and its own line ends:
                # git, CI and readers of JSON want neither. A console takes UTF-8 anyway.
                stream.reconfigure(encoding="utf-8", newline="\n")


def _told(message: str, code: int) -> int:
    from recctl.safetext import harmless  # not of use to every run

    sys.stderr.write(f"recctl: {harmless(message)}\n")
    return code


def _told_of_other(error: Exception) -> int:
    """An error of the command line's library, of the system, or one of our own making."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")  # type: ignore[attr-defined]
        return ExitCode.USAGE
    if hasattr(error, "format_message"):
        message = error.format_message().rstrip(".").replace("Value error, ", "")
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "recctl"
        return _told(f"{message[:1].lower()}{message[1:]} (see {command} --help)", ExitCode.USAGE)
    if isinstance(error, OSError) and _is_of_closed_pipe(error):
        _print_no_more()
        return ExitCode.PIPE_CLOSED
    if os.environ.get("RECCTL_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _print_no_more()
        return _told("cannot write: no space left on the device", ExitCode.USAGE)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return _told(f"internal error: {text}; RECCTL_DEBUG=1 shows where", ExitCode.USAGE)


def _is_of_closed_pipe(error: OSError) -> bool:
    """Whether nobody reads any more, where there is no signal that ends who writes for nobody."""
    windows_says = ON_WINDOWS and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or windows_says


def _print_no_more() -> None:
    """Let go of what could not be written, or it would be tried again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
