"""The one reader of YAML: a key stands once, and aliases unfold within bounds."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from faircompress.support.errors import InputError

VALUES = 100_000  # of a document with every alias written out; ours have a few hundred
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
OTHERWISE = re.compile(r"[-+]?(?:0[\d_bxX]|.*[:_])")  # of base 8, 2, 16 or 60, or with marks in it
MERGE = "tag:yaml.org,2002:merge"


class BadYaml(InputError):
    """The text is not YAML, has a key twice, or unfolds beyond all bounds."""


def read(path: Path) -> Any:
    """Return what a YAML file holds.

    Raises:
        FileNotFoundError: If there is no such file.
        BadYaml: Naming the file and the lines.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadYaml(f"{path} is not UTF-8 ({error}); save it as UTF-8.") from None
    return parse(text, str(path))


def parse(text: str, where: str) -> Any:
    """Return what a YAML text holds.

    Args:
        text: One document of plain values.
        where: What to call it in an error.

    Raises:
        BadYaml: If it is not YAML; if a number is read otherwise than it looks; if a key stands
            twice in one place, with the lines of both; if an alias holds itself, or aliases stand
            for more than ``VALUES`` values.
    """
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:  # letters that YAML does not take
        raise BadYaml(f"{where} is not YAML: {error}") from None
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _refuse_unbounded(root, {}, where)
        _refuse_other_numbers(loader, root, where)
        twice = [
            f"the key {name!r} stands twice, on {_lines(*lines)}"
            for name, *lines in _repeated(loader, root, set())
        ]
        if twice:
            raise BadYaml(
                f"{where}: {'; '.join(twice)}. Only one can be meant; take the other out."
            )
        return loader.construct_document(root)
    except BadYaml:
        raise
    except RecursionError:
        raise BadYaml(f"{where} is not YAML: it is nested too deep") from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadYaml(f"{where} is not YAML: {error}") from None
    finally:
        loader.dispose()


def _repeated(
    loader: yaml.SafeLoader, node: yaml.Node, seen: set[int]
) -> Iterator[tuple[str, int, int]]:
    """Give each key that stands twice in a mapping, and both lines.

    Keys are compared as text: 1 and "1" are one name in all that is made of them.
    """
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, _ in node.value:
            merged = key.tag == MERGE
            name = "<<" if merged else str(loader.construct_object(key, deep=True))
            line = key.start_mark.line + 1
            if name in lines:
                yield name, lines[name], line
            lines.setdefault(name, line)
    for part in _parts(node):
        yield from _repeated(loader, part, seen)


def _refuse_unbounded(node: yaml.Node, sizes: dict[int, int], where: str) -> int:
    """Return how many values a node stands for, aliases written out; refuse too many."""
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise BadYaml(f"{where}: an alias holds itself, {_at(node)}; write it out.")
        return sizes[id(node)]
    sizes[id(node)] = 0
    size = 1 + sum(_refuse_unbounded(part, sizes, where) for part in _parts(node))
    if size > VALUES:
        raise BadYaml(
            f"{where}: {_at(node)} there are {size:,} values, aliases written out; at most "
            f"{VALUES:,} are read."
        )
    sizes[id(node)] = size
    return size


def _refuse_other_numbers(loader: yaml.SafeLoader, root: yaml.Node, where: str) -> None:
    """Refuse numbers that YAML reads otherwise than people do: 010 is 8, 1:30 is 90."""
    rest, seen = [root], set[int]()
    while rest:
        node = rest.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if (
            isinstance(node, yaml.ScalarNode)
            and node.tag in NUMBERS
            and node.style is None
            and OTHERWISE.match(node.value)
        ):
            found = loader.construct_object(node)
            raise BadYaml(
                f"{where}: line {node.start_mark.line + 1}: YAML reads {node.value} as {found}. "
                f"Write the number that is meant in decimals, or, if it is a word, {node.value!r} "
                "in quotes."
            )
        rest += _parts(node)


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _at(node: yaml.Node) -> str:
    return f"from line {node.start_mark.line + 1} on"


def _lines(first: int, again: int) -> str:
    return f"line {first}" if first == again else f"lines {first} and {again}"
