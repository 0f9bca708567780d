"""Try a network before hours are spent on it: in a process of its own, in bounded time and memory.

Networks are other people's code: they may fail in ways that nobody thought of, take all memory,
or never end. The process that tries them says on the way what it is at.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from faircompress.config.code_keys import key_of
from faircompress.config.params import Params
from faircompress.config.widths import WIDEST, widths_kept
from faircompress.support.errors import InputError
from faircompress.support.files import user_cache, write_json

SECONDS = 900
LIBRARIES = ("torch", "torchvision", "torch-pruning", "onnx", "onnxscript")
OWN_SIZES: dict[str, int | list[int]] = {
    "portraits": 48,
    "cifar10": 32,
    "celeba": [218, 178],
}  # as they are, pixels
CLASSES = {"cifar10": 10}  # of the others two are supposed
GENTLE = 1.1  # speed-up that is rehearsed where ms or MB are asked, which are measured later
MEMORY_SHARE = 0.6  # of the machine's


@dataclass(frozen=True)
class Try:
    """What became of a network that was tried.

    Args:
        refused: Why it cannot be used; empty if it can.
        seconds: That it took.
        memory: Most bytes that it held.
    """

    refused: str
    seconds: float
    memory: int


def rehearse(
    params: Params, size: tuple[int, int], classes: int, *, kept: Path | None = None
) -> None:
    """See that a network can be built, trained, cut and exported, or say why not.

    Args:
        params: Model, speed-up and precisions.
        size: Height and width of the pictures, pixels.
        classes: Of the data set.
        kept: Folder where it is remembered that all went well, so that it is done once; None: the
            user's cache, for all projects. If that cannot be written, it is done again.

    Raises:
        ValueError: In one sentence, with what to do.
    """
    given = request(params, size, classes)
    stood_on = [key_of("rehearsal.steps", params), *(version(name) for name in LIBRARIES)]
    key = hashlib.sha256(json.dumps([given, stood_on], sort_keys=True).encode()).hexdigest()
    done = (kept or user_cache() / "rehearsal") / f"{key[:16]}.json"
    if done.exists():
        return
    tried = try_out(given)
    if tried.refused:
        raise InputError(tried.refused)
    with suppress(OSError):
        done.parent.mkdir(parents=True, exist_ok=True)
        write_json(done, given)


def request(params: Params, size: tuple[int, int], classes: int) -> dict[str, Any]:
    """Return what a rehearsal depends on."""
    prune, export = params.prune, params.export
    return {
        "model": params.train.model,
        "from": params.train.from_,
        "epochs": min(params.train.epochs, 1),
        "size": list(size),
        "classes": classes,
        "speedup": GENTLE if prune.target else prune.speedup,
        "floor": prune.min_channels,
        **widths_kept(prune.round_to, liked=WIDEST),
        "opset": export.opset,
        "precisions": list(export.precisions),
        "weight_bits": export.int8.weight_bits,
    }


def rehearse_known(params: Params, as_is: tuple[int, int] | None = None) -> None:
    """Rehearse before pictures are looked at, if it is known how large they will be.

    With ``resize: 96`` alone pictures are taken to be square. The stage ``train`` rehearses with
    what it finds.

    Args:
        params: All of them.
        as_is: Height and width of a picture as it comes, where one was seen.

    Raises:
        ValueError: In one sentence, with what to do.
    """
    data = params.data
    size = data.crop or data.resize or OWN_SIZES.get(data.name) or as_is
    if size is not None:
        height, width = [size, size] if isinstance(size, int) else size
        rehearse(params, (height, width), CLASSES.get(data.name, 2))


def try_out(given: dict[str, Any], *, seconds: float = SECONDS, memory: int | None = None) -> Try:
    """Try a network in a process of its own, and say what became of it.

    Args:
        given: What ``request`` returned.
        seconds: After which it is ended.
        memory: Bytes from which on it is ended; None: a share of the machine's.
    """
    most = memory or int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    start, peak, over = time.monotonic(), 0, ""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as aside:
        process = subprocess.Popen(
            [sys.executable, "-m", "faircompress.rehearsal.steps", json.dumps(given)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=aside, text=True,
        )  # fmt: skip
        try:
            while process.poll() is None:
                peak = max(peak, _memory(process.pid))
                if peak > most:
                    over = f"took more than {most / 1e9:.1f} GB of memory"
                if time.monotonic() - start > seconds:
                    over = f"had not ended after {seconds:.0f} seconds"
                if over:
                    break
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        output.seek(0), aside.seek(0)
        events = [json.loads(line) for line in output if line.startswith("{")]
        refused = _refused(given, events, over, process.returncode, aside.read())
    return Try(refused, time.monotonic() - start, peak)


def _refused(
    given: dict[str, Any], events: list[dict[str, str]], over: str, code: int, aside: str
) -> str:
    """Put what went wrong into one sentence."""
    last: dict[str, str] = {}
    for event in events:
        last |= event
    if "done" in last:
        return ""
    height, width = given["size"]
    what = f"train.model {given['model']} cannot be used on pictures of {height} x {width}"
    step = last.get("step", "starting")
    if "why" in last:
        return f"{what}: {step}: {last['why']}"
    if not over:
        over = f"ended with {code} ({(aside.strip().splitlines() or ['no words'])[-1][:200]})"
    return f"{what}: {step} {over}. Choose another architecture, or other pictures (data.resize)."


def _memory(pid: int) -> int:
    """Return the bytes that a process holds; 0 where the system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
