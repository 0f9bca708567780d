"""An ONNX file of any origin: read once, opened, and what it says of itself.

Nothing that a file names is run or fetched: no operator library is loaded, and weights outside it
are read from its own folder only.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, TypeVar

import onnx
from google.protobuf.message import DecodeError, Message
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from faircompress.auditing.graph_ends import STANDARD, are_sorted, ends_in, keys_of
from faircompress.config.bounds import whole
from faircompress.export.runtime import session
from faircompress.support.errors import InputError, MissingFileError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

UNREADABLE = (
    onnx_errors.Fail, onnx_errors.InvalidArgument, onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf, onnx_errors.NoSuchFile, onnx_errors.NotImplemented,
    onnx_errors.RuntimeException, onnx_errors.EPFail, onnx_errors.NoModel,
)  # fmt: skip
TABLE_INSTEAD = "audit its predictions as a table"
POINTER = b"version https://git-lfs"
ITS_OWN_CODE = re.compile(r"/onnxruntime_src/\S+?\.(?:cc|h):\d+ .*?\) (?=[A-Z\[])")
Shape = tuple[int | str | None, ...]
Part = TypeVar("Part", bound=Message)


@dataclass(frozen=True)
class Port:
    """An input or output of a file.

    Args:
        name: Its name.
        kind: As ONNX Runtime calls it, such as ``tensor(float)``.
        shape: A number where the file fixes it; a name or None where any will do.
        declared: Does the file say how many axes it has? If not, its shape is empty.
        ends_in: Of an output: ``Sigmoid`` or ``Softmax`` if its scores come right out of one.
        keys: Of an output: what its scores are called, where the operator that makes them says so.
        sorted: Of an output: are its scores sorted by size?
    """

    name: str
    kind: str
    shape: Shape
    declared: bool = True
    ends_in: str = ""
    keys: tuple[str | int, ...] = ()
    sorted: bool = False

    @property
    def optional(self) -> bool:
        """Tell whether it may be left out."""
        return self.kind.startswith("optional(")

    def __str__(self) -> str:
        """Return it as a message shows it."""
        if not self.declared:
            return f"{self.name!r} {self.kind} of any shape"
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        return f"{self.name!r} {self.kind} ({sides})"


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file that was read once, so that what is asked and what is hashed are the same bytes.

    Args:
        path: Where it lies.
        session: Its network, open.
        sha256: Of its bytes; with weights in other files, of the list of all files' sha256.
        size: Bytes, those of other files with its weights among them.
        inputs: What it takes.
        outputs: What it gives.
        defaults: What it also takes, and has a value for.
        classes: Names of its classes in the order of its scores, if it says them; else empty.
    """

    path: Path
    session: "InferenceSession"
    sha256: str
    size: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    defaults: tuple[Port, ...]
    classes: tuple[str, ...]


def open_onnx(path: Path) -> OnnxFile:
    """Read a file and what it keeps beside it once, and open what was read.

    Raises:
        ValueError: If it is no ONNX file, or ONNX Runtime cannot run it.
        FileNotFoundError: If a file of its weights is not there.
    """
    if not path.is_file():
        found = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
        raise InputError(f"{found}; needed is an ONNX file.")
    try:
        return _opened(path)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is damaged: a name or a note in it is not UTF-8 ({error}). Export it anew."
        ) from error


def _opened(path: Path) -> OnnxFile:
    content = path.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        pointer = "It is a pointer of Git LFS: run git lfs pull." * content.startswith(POINTER)
        raise InputError(f"{path} cannot be opened as an ONNX file: {pointer or error}") from error
    beside = _beside(path, model)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / path.name
        own.write_bytes(content)
        copies = {name: _copied(source, Path(folder) / name) for name, source in beside.items()}
        try:
            opened = session(own)
        except UNREADABLE as error:
            raise InputError(
                f"{path} cannot be opened as an ONNX file: {_short(error, folder)}."
                f"{_cure(model, error)}"
            ) from error
    sha256 = hashlib.sha256(content).hexdigest()
    if copies:
        listed = [f"{sha256}  ", *(f"{copies[name][0]}  {name}" for name in sorted(copies))]
        sha256 = hashlib.sha256("\n".join(listed).encode()).hexdigest()
    size = len(content) + sum(size for _, size in copies.values())
    types = {port.name: port.type for port in model.graph.input}
    loose = {n for n, t in types.items() if t.HasField("tensor_type")
             and not t.tensor_type.HasField("shape")}  # fmt: skip
    inputs, defaults = (
        tuple(Port(i.name, i.type, tuple(i.shape), i.name not in loose) for i in taken)
        for taken in (opened.get_inputs(), opened.get_overridable_initializers())
    )
    outputs = tuple(
        Port(
            o.name,
            o.type,
            tuple(o.shape),
            ends_in=ends_in(model, o.name),
            keys=keys_of(model, o.name),
            sorted=are_sorted(model, o.name),
        )
        for o in opened.get_outputs()
    )
    classes = _classes(path, opened)
    return OnnxFile(path, opened, sha256, size, inputs, outputs, defaults, classes)


def _beside(path: Path, model: onnx.ModelProto) -> dict[str, Path]:
    """Return the files that hold weights of a network, by the names that it gives them."""
    found = {}
    for tensor in _parts(model, onnx.TensorProto):
        if tensor.data_location != tensor.EXTERNAL:
            continue
        name = next((e.value for e in tensor.external_data if e.key == "location"), "")
        if name not in found:
            found[name] = _inside(path, name)
    return {name: there for name, there in found.items() if not there.samefile(path)}


def _inside(path: Path, name: str) -> Path:
    """Return a file of weights; refuse one that is not in the folder of the ONNX file."""
    folder, windows = path.parent.resolve(), PureWindowsPath(name)
    leaves = PurePosixPath(name).is_absolute() or windows.drive or windows.root
    there = folder / name
    if not name or leaves or ".." in windows.parts or not there.resolve().is_relative_to(folder):
        raise InputError(
            f"{path} wants to read weights from {name!r}, which is outside its own folder, so it "
            "was not opened. Save it anew with its weights inside, or in a file beside it."
        )
    if not there.is_file():
        raise MissingFileError(
            f"{path} keeps weights in {name!r}, but there is no such file beside it. Copy it there."
        )
    return there


def _copied(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file of any size, and return the sha256 and number of the bytes that were copied."""
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("xb") as written:
        while block := read.read(2**22):
            digest.update(block)
            size += written.write(block)
    return digest.hexdigest(), size


def _parts(message: Message, kind: type[Part]) -> Iterator[Part]:
    """Give every tensor or node of a network, also those inside nodes and their graphs."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                if isinstance(part, kind):
                    yield part
                yield from _parts(part, kind)


def _cure(model: onnx.ModelProto, error: BaseException) -> str:
    """Return what to do about a file that ONNX Runtime does not open."""
    own = {(function.domain, function.name) for function in model.functions}
    strange = sorted(
        f"{node.domain}.{node.op_type}"
        for node in _parts(model, onnx.NodeProto)
        if node.domain not in STANDARD and (node.domain, node.op_type) not in own
    )
    if strange:
        return (
            f" It uses {strange[0]}, an operator of its own, whose program is not loaded. Export "
            f"it with ONNX's own operators, or {TABLE_INSTEAD}."
        )
    opset = max((e.version for e in model.opset_import if e.domain in ("", "ai.onnx")), default=0)
    newest = int(onnx.defs.onnx_opset_version())
    if opset > newest:
        return f" It is written in opset {opset}; the newest known here is {newest}. Export it so."
    if "Unsupported model IR version" in str(error):
        return " Export it with an older release of onnx, or set its ir_version to one known here."
    return ""


def _short(error: BaseException, folder: str) -> str:
    """Return an error of ONNX Runtime in a line, without the folder that is gone by now."""
    line = " ".join(str(error).replace(folder + "/", "").split())
    return ITS_OWN_CODE.sub("", line)[:400].rstrip(".")


def _classes(path: Path, opened: "InferenceSession") -> tuple[str, ...]:
    text = opened.get_modelmeta().custom_metadata_map.get("classes")
    if text is None:
        return ()
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return ()  # another tool's word of the same name
    if not isinstance(given, list) or not all(isinstance(one, str | int | float) for one in given):
        return ()
    names = [one if isinstance(one, str) else whole(str(one)) for one in given]
    if len(set(names)) < len(names):
        raise InputError(
            f"{path} names its classes {', '.join(names[:10])}; they must all be different."
        )
    return tuple(names)
