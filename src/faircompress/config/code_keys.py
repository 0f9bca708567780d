"""Which code a stage stands on: one key a stage, computed from what its file imports.

The key is the sha256 of every module of this package that the stage imports, at any depth and
inside functions too; of the plug-ins that the params choose, and no others; of the templates that
these read; and of the versions of the libraries that decide results. A changed comment or docstring
changes no key.
"""

import hashlib
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from faircompress.config import code_sources, plugins
from faircompress.config.brought_names import stands_on
from faircompress.config.code_sources import Source
from faircompress.config.params import Params
from faircompress.support.errors import InputError, StateError
from faircompress.support.files import read_json, user_cache, write_json

FILE = "code.json"  # of the stage ``code``, under ``artifacts/``
ALWAYS_RUN = ("code", "source")
# They check, carry or show what others compute, and what they import they do not compute with.
# Values of params are known to DVC one by one.
NOT_COMPUTING = (
    "config.bad_params", "config.code_keys", "config.params", "config.plugins", "rehearsal.trial",
    "support.checkpoints", "support.figures", "support.files", "support.progress",
)  # fmt: skip
LIBRARIES = {  # imported name -> who may bring it; another minor version may give other results
    "torch": ("torch",),
    "torchvision": ("torchvision",),
    "PIL": ("pillow",),
    "onnx": ("onnx",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
}
UNUSED = "unused"  # beside the folders of plug-ins: modules that the params have no use for
Chosen = Mapping[str, Collection[str]]


class CodeChanged(StateError):
    """A stage was about to run other code than it is known by."""


def stage_keys(params: Params) -> dict[str, str]:
    """Return the key of each stage that is run only when something changed, by its name."""
    package = Package(plugins.ROOT)
    stages = [name for name in plugins.names("stages") if name not in ALWAYS_RUN]
    chosen, own = chosen_plugins(params), _own(params)
    return {name: package.key(f"stages.{name}", chosen, own) for name in stages}


def key_of(module: str, params: Params) -> str:
    """Return the key of a module, such as ``stages.train``: a sha256 in hex."""
    return Package(plugins.ROOT).key(module, chosen_plugins(params), _own(params))


def _own(params: Params) -> list[list[str]]:
    """Return what the network stands on that is not ours: a user's files, other libraries."""
    return stands_on(params.train.model, params.train.from_)


def raise_if_changed(stage: str, params: Params, artifacts: Path) -> None:
    """See that a stage is recorded under the key of the code that it runs.

    Raises:
        CodeChanged: If ``code.json`` says otherwise; where it says nothing there is no record.
    """
    known = written_keys(artifacts).get(stage)
    if known is not None and known != key_of(f"stages.{stage}", params):
        raise CodeChanged(
            f"the code of stage {stage}, or a plug-in that params.yaml chooses for it, is not what "
            f"{artifacts / FILE} says: it changed since. Run again, or first: faircompress stage "
            "code"
        )


def written_keys(artifacts: Path) -> dict[str, str]:
    """Return what the stage ``code`` wrote last; nothing if that is missing or damaged."""
    try:
        return dict(read_json(artifacts / FILE))
    except (ValueError, TypeError):
        return {}


def chosen_plugins(params: Params) -> Chosen:
    """Return the plug-ins that params choose, by folder; of a folder not named here all are used.

    All metrics are: the gate reports each.
    """
    prune = params.prune
    return {
        "sources": {params.data.name},
        "models": {params.train.model},
        "criteria": {prune.criterion.name},
        "objectives": {prune.scoring.name, prune.finetune.name},
        "heads": {prune.head.name},
        "rules": {getattr(rule, "rule", "") for rule in params.gate.rules},
        UNUSED: () if prune.target else ("export.cut_limit", "export.trial_cut"),
    }


class Package:
    """The source files of a package.

    Args:
        root: Its folder, whose name is the package's.
        memory: File in which is kept what was read; None: in the user's cache.
    """

    def __init__(self, root: Path, memory: Path | None = None) -> None:
        self.root, self.memory = root, memory or user_cache() / "code.json"

    def key(self, module: str, chosen: Chosen, own: Sequence[Sequence[str]] = ()) -> str:
        """Return the sha256 of all that a module stands on, in hex.

        Args:
            module: Dotted, without the package's name.
            chosen: Plug-ins by folder; of a folder that is not named all count.
            own: What a user's network stands on; counts where networks are built.

        Raises:
            ValueError: If there is no such module.
        """
        if module not in self.sources:
            raise InputError(f"{self.root} has no module {module!r}; was it renamed?")
        modules = self.reached(module, chosen)
        files = {word for name in modules for word in self.sources[name].files}
        imports = {name.partition(".")[0] for m in modules for name in self.sources[m].imports}
        parts = [
            *((name, self.sources[name].sha256) for name in sorted(modules)),
            *((name, _sha256(self.data[name])) for name in sorted(files & self.data.keys())),
            *((name, _minor_version(name)) for name in sorted(imports & LIBRARIES.keys())),
            *(own if "networks.brought" in modules else ()),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def reached(self, module: str, chosen: Chosen) -> set[str]:
        """Return the modules that a module stands on, and itself."""
        found, left = set[str](), {module}
        while left:
            name = left.pop()
            found.add(name)
            left |= {*self._next(name, chosen)} - found - {*NOT_COMPUTING, *chosen.get(UNUSED, ())}
        return found

    def _next(self, module: str, chosen: Chosen) -> Iterator[str]:
        """Give what a module imports, with the packages around it, and the plug-ins it finds."""
        source = self.sources[module]
        names = [name.split(".")[1:] for name in source.imports if self._is_ours(name)]
        for folder in source.folders:
            package = plugins.ROOMS.get(folder, folder).split("/")
            beside = {name[len(package)] for name in self._below(package)}
            names += [[*package, name] for name in beside & {*chosen.get(folder, beside)}]
        for name in names:
            parts = name if ".".join(name) in self.sources else name[:-1]
            ends = range(1, len(parts) + 1) if parts else [0]  # the package itself: only by name
            yield from {".".join(parts[:end]) for end in ends} & self.sources.keys()

    def _is_ours(self, name: str) -> bool:
        return name.partition(".")[0] == self.root.name

    def _below(self, package: list[str]) -> list[list[str]]:
        names = [name.split(".") for name in self.sources]
        return [name for name in names if name[:-1] == package]

    @cached_property
    def data(self) -> dict[str, Path]:
        """Return files of the package that are no Python, by name."""
        found = (path for path in sorted(self.root.rglob("*.*")) if path.is_file())
        return {path.name: path for path in found if path.suffix not in (".py", ".pyc")}

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Return what each module means; what was read before is remembered by its sha256."""
        reader = [_sha256(Path(code_sources.__file__)), *sys.version_info[:2]]
        known, found, kept = self._known(reader), {}, {}
        for path in sorted(self.root.rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            parents = parts[:-1]
            place = ".".join([self.root.name, *parents])
            text = path.read_bytes()
            digest = hashlib.sha256(place.encode() + b"\0" + text).hexdigest()
            kept[digest] = known.get(digest) or astuple(_read(path, text, place))
            found[".".join(parents if parts[-1] == "__init__" else parts)] = Source(*kept[digest])
        if kept.keys() != known.keys():
            with suppress(OSError):  # then it takes a second each time
                self.memory.parent.mkdir(parents=True, exist_ok=True)
                write_json(self.memory, {"reader": reader, "sources": kept})
        return found

    def _known(self, reader: list[object]) -> dict[str, list[object]]:
        """Return what was read before by the same reader; a lost memory only costs time."""
        try:
            remembered = read_json(self.memory)
            return dict(remembered["sources"]) if remembered["reader"] == reader else {}
        except (ValueError, TypeError, KeyError):
            return {}


def _read(path: Path, text: bytes, package: str) -> Source:
    try:
        return Source.of(text, package)
    except SyntaxError as error:
        raise InputError(f"{path}, line {error.lineno}, is no Python: {error.msg}") from error


def _minor_version(library: str) -> str:
    for distribution in LIBRARIES[library]:
        with suppress(PackageNotFoundError):
            return ".".join(version(distribution).split(".")[:2])
    return "none"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
