"""The shapes of plans and receipts as JSON, which guard what is read from files.

They say what `schemas/plan.schema.json` and `schemas/receipt.schema.json` say. Importing this
module loads pydantic.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]
Mode = Annotated[int, Field(ge=0, le=0o777)]
Modified = Annotated[int, Field(ge=-(10**21), le=10**21)]
Id = Annotated[str, Field(pattern=r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$")]


class _Shape(BaseModel):
    """Exactly these members, each of exactly its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Base64(_Shape):
    """Bytes that are no UTF-8."""

    base64: Annotated[
        str,
        Field(pattern=r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"),
    ]


Bytes = str | Base64


class State(_Shape):
    """`actions.State`."""

    size: Size
    sha256: Digest


class Splice(_Shape):
    """`actions.Splice`."""

    offset: Size
    old: Bytes
    new: Bytes


class _Reviewed(_Shape):
    path: Bytes
    reason: str
    group: str | None
    old: str
    new: str


class _Left(_Reviewed):
    """An action that leaves a file."""

    after: State
    mode: Mode | None = None
    modified: Modified | None = None


class Rename(_Left):
    """`actions.Rename`."""

    op: Literal["rename"]
    to: Bytes
    before: State
    edits: list[Splice]


class Edit(_Left):
    """`actions.Edit`."""

    op: Literal["edit"]
    before: State
    edits: Annotated[list[Splice], Field(min_length=1)]


class Write(_Left):
    """`actions.Write`."""

    op: Literal["write"]
    before: State | None
    content: Bytes


class Written(_Left):
    """`actions.Write` in a receipt, which lies in the journal or in the tree itself."""

    op: Literal["write"]
    before: State | None


class Remove(_Reviewed):
    """`actions.Remove`."""

    op: Literal["remove"]
    before: State


class Conflict(_Shape):
    """`actions.Conflict`."""

    path: Bytes
    claims: list[Bytes]
    reason: str
    group: str | None


class Summary(_Shape):
    """`Plan.summary`."""

    renames: Size
    edits: Size
    writes: Size
    removals: Size
    conflicts: Size


class _Plan(_Shape):
    version: Literal[1]
    command: Annotated[str, Field(min_length=1)]
    undoes: Id | None
    conflicts: list[Conflict]
    notes: list[str]
    summary: Summary


class Plan(_Plan):
    """`actions.Plan`."""

    actions: list[Annotated[Rename | Edit | Write | Remove, Field(discriminator="op")]]


class CarriedOut(_Plan):
    """`actions.Plan` in a receipt, without the content of what it wrote."""

    actions: list[Annotated[Rename | Edit | Written | Remove, Field(discriminator="op")]]


class OldFile(_Shape):
    """`receipts.OldFile` by its path."""

    path: Bytes
    mode: Mode
    modified: Modified


class OldFolder(_Shape):
    """A folder's mode."""

    path: Bytes
    mode: Mode


class Receipt(_Shape):
    """`receipts.Receipt`."""

    version: Literal[1]
    id: Id
    time: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    plan: CarriedOut
    files: list[OldFile]
    folders: list[OldFolder]
    sha256: Digest
