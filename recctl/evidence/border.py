"""The shapes of a trace's lines, which guard what is read from files.

They say what `schemas/trace.schema.json` says. Importing this module loads pydantic.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Count = Annotated[int, Field(ge=0)]


class _Line(BaseModel):
    """Exactly these members, each of exactly its type."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run: RunId


class Run(_Line):
    """A run begins."""

    kind: Literal["run"]
    version: int
    recctl: str
    root: str
    command: list[str]
    started: Annotated[
        str,
        Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"),
    ]


class Tree(_Line):
    """What the run is of."""

    kind: Literal["tree"]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")] | None
    dirty: bool | None


class Process(_Line):
    """A process is traced; or it is not, as it forbids that."""

    kind: Literal["process"]
    pid: Count
    python: str
    traced: bool


class Open(_Line):
    """A file is opened."""

    kind: Literal["open"]
    path: str
    pid: Count
    test: str | None = None


class Untraced(_Line):
    """Something may open recordings that is not traced."""

    kind: Literal["untraced"]
    program: str
    command: str
    why: Literal["other", "isolated", "environment", "rights", "shell", "interpreter", "early"]
    pid: Count


class Connect(_Line):
    """A process connects to an address."""

    kind: Literal["connect"]
    address: str
    pid: Count


class Listen(_Line):
    """A process listens at an address."""

    kind: Literal["listen"]
    address: str
    pid: Count


class Lost(_Line):
    """Lines could not be written."""

    kind: Literal["lost"]
    lines: Count
    pid: Count


class _OfSession(_Line):
    session: str


class Session(_OfSession):
    """A process begins to run tests, or to control others that do."""

    kind: Literal["session"]
    pid: Count
    worker: str | None
    traced: bool
    base: str


class Collection(_OfSession):
    """What could not be collected."""

    kind: Literal["collection"]
    id: str
    outcome: str


class Test(_OfSession):
    """A test has ended, or was not selected."""

    __test__ = False

    kind: Literal["test"]
    id: str
    outcome: Literal[
        "passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun", "deselected"
    ]


class Finished(_OfSession):
    """A session is over."""

    kind: Literal["finished"]
    exit: int
    collected: Count


class End(_Line):
    """A run is over."""

    kind: Literal["end"]
    exit: int


Line = (
    Run
    | Tree
    | Process
    | Open
    | Untraced
    | Connect
    | Listen
    | Lost
    | Session
    | Collection
    | Test
    | Finished
    | End
)

LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])
