"""docs/reference/exit-codes.md: what the process tells its caller."""

from recctl.errors import EXIT_MEANINGS, ExitCode
from tests.reference.markdown import table

_HEAD = """# Exit codes

The same codes hold for every command, so that a pipeline can tell a corpus that is not sound from a
run that went wrong. Where several would fit, the highest of 0, 1 and 2 is given.
[`recctl trace`](commands.md#trace) ends with the code of the command that it runs.
"""

_WHEN = {
    ExitCode.FINE: "All was done that was asked for. `validate` found no error and no warning;"
    " infos do not count.",
    ExitCode.FINDINGS: "`validate` has findings, unless `--exit-zero`; `--check` has something to"
    " do, `diff --exit-code` a difference. A recording, a receipt or a row was not found; a file"
    " could not be read; a plan has conflicts.",
    ExitCode.USAGE: "The command line, a variable or the configuration makes no sense, or a path"
    " does not exist. A change was refused, and nothing is changed. An internal error, too:"
    " `RECCTL_DEBUG=1` shows where.",
    ExitCode.PARTIAL: "The journal is left. `recctl apply --resume` finishes the change,"
    " `recctl undo --apply` takes it back.",
    ExitCode.LOCKED: "Another process changes the same tree. Wait for it, then try again.",
    ExitCode.INTERRUPTED: "By Ctrl-C. Nothing is changed; a change that had begun ends with 3.",
    ExitCode.PIPE_CLOSED: "`head` and `less` end before all is read. Nothing is wrong.",
}

_TAIL = """## In a pipeline

```sh
recctl validate || test $? -eq 1    # findings are told, and do not fail the job
recctl validate --exit-zero         # the same
recctl rehash --check               # fails if a recording has to be renamed
```
"""


def page() -> str:
    """The whole page."""
    rows = [(f"{int(one)}", EXIT_MEANINGS[one], _WHEN[one]) for one in ExitCode]
    return "\n".join([_HEAD, table(("code", "meaning", "when"), rows), _TAIL])
