"""Which convolutions does torch get wrong on this processor, with and without our mending?

Cases are drawn: kernel, stride, padding, dilation, groups, channels, map, batch, order in memory,
number format; half of them strided 1x1 convolutions, where one fault is known. Each is computed
forward and backward in another process, with each buffer right before a page that must not be
touched (``guard_pages.c``; it takes a C compiler, without one a fault shows by chance alone), and
its output and gradients are compared with those of a contiguous float32 convolution. So are all
criteria, and a step of training, on networks cut to an eighth, at picture sizes from 32 to 224.
``python bench/convolution_crash.py`` prints Markdown within about five minutes; ``--small`` within
one.
"""

import argparse
import json
import os
import random
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

Case = dict[str, Any]
HERE = Path(__file__).parent
FEW = [1, 2, 3, 4, 5, 7, 8, 12, 13, 15]
MANY = [16, 17, 20, 24, 31, 32, 33, 40, 48]
SIDES = [8, 16, 28, 32, 33, 47, 48, 56, 64, 96, 112]
CRITERIA = (
    "autobot", "bn_scale", "fairgrape", "fairprune", "fpgm", "magnitude", "obd", "random", "taylor",
)  # fmt: skip
KNOWN = [
    {"inputs": i, "outputs": o, "height": side, "width": side, "batch": b, "kernel": 1,
     "stride": [2, 2], "padding": 0, "dilation": 1, "groups": 1, "order": "channels-last",
     "numbers": "float32"}
    for i, o, side, b in [(2, 8, 64, 8), (3, 5, 96, 8), (7, 9, 56, 8), (4, 16, 112, 8)]
]  # fmt: skip
HANGS = 120  # seconds without an answer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a fifth of the time")
    parser.add_argument("--seconds", type=float, default=100, help="of each half on convolutions")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    seconds = asked.seconds / (5 if asked.small else 1)
    guard = guard_pages()
    print(f"Guard pages: {'yes' if guard else 'no; faults show by chance alone'}\n")
    for mended in (False, True):
        print(f"### {'Mended' if mended else 'Torch as it is'}\n")
        found = tried(convolutions(asked.seed), guard, mended, seconds)
        print_table(found, kind_of, "convolution")
    sides = [48, 96] if asked.small else [32, 48, 64, 96, 128, 160, 224]
    cases = [{"criterion": c, "side": side} for side in sides for c in (*CRITERIA, "training")]
    for mended in (False, True):
        print(f"### Criteria and training, {'mended' if mended else 'torch as it is'}\n")
        print_table(tried(cases, guard, mended, 600), lambda c: str(c["criterion"]), "what")


def guard_pages() -> Path | None:
    """Compile the guard pages, where there is a C compiler."""
    library = Path(tempfile.mkdtemp()) / "guard_pages.so"
    command = ["cc", "-O1", "-shared", "-fPIC", "-o", library, HERE / "guard_pages.c", "-ldl"]
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return library if done.returncode == 0 else None


def convolutions(seed: int) -> list[Case]:
    """Draw more cases than there will be time for, those known to be bad first."""
    rng = random.Random(seed)
    drawn = (strided_point(rng) if i % 2 else any_convolution(rng) for i in range(20_000))
    return [*KNOWN, *(case for case in drawn if fits(case))]


def strided_point(rng: random.Random) -> Case:
    """Draw a strided 1x1 convolution in channels-last order."""
    case = any_convolution(rng)
    groups = case["groups"] if rng.random() < 0.2 else 1
    stride = rng.choice([[2, 2], [2, 2], [2, 2], [3, 3], [4, 4], [1, 2], [2, 1]])
    return {**case, "kernel": 1, "padding": 0, "groups": groups, "stride": stride,
            "order": "channels-last"}  # fmt: skip


def any_convolution(rng: random.Random) -> Case:
    """Draw a convolution of any kind."""
    kernel, groups = rng.choice([1, 2, 3, 3, 5, 7]), 1
    inputs, outputs = (rng.choice(rng.choice([FEW, MANY])) for _ in range(2))
    kind = rng.choice(["full", "full", "depthwise", "grouped"])
    if kind == "depthwise":
        groups = outputs = inputs
    elif kind == "grouped":
        groups = rng.choice([2, 4])
        inputs, outputs = groups * inputs, groups * outputs
    height = rng.choice(SIDES)
    return {
        "inputs": inputs, "outputs": outputs, "groups": groups, "kernel": kernel,
        "stride": [rng.choice([1, 1, 2, 2, 3])] * 2, "padding": rng.choice([0, kernel // 2]),
        "dilation": rng.choice([1, 1, 1, 2]), "height": height,
        "width": height if rng.random() < 0.8 else rng.choice(SIDES),
        "batch": rng.choice([1, 2, 3, 8]), "numbers": rng.choice(["float32"] * 3 + ["bfloat16"]),
        "order": rng.choice(["channels-last"] * 3 + ["contiguous"]),
    }  # fmt: skip


def fits(case: Case) -> bool:
    """Tell whether the kernel fits into the map, and the work into a fraction of a second."""
    reach = case["dilation"] * (case["kernel"] - 1) + 1
    work = case["batch"] * case["height"] * case["width"] * case["kernel"] ** 2
    work *= case["inputs"] * case["outputs"] // case["groups"]
    return min(case["height"], case["width"]) + 2 * case["padding"] >= reach and work < 3e8


def kind_of(case: Case) -> str:
    """Name the kind of a convolution."""
    few = "fewer than 16" if case["inputs"] < 16 else "16 or more"
    kind = "1x1, dilated" if case["dilation"] > 1 else "1x1, strided"
    if case["kernel"] > 1 or (case["dilation"] == 1 and max(case["stride"]) == 1):
        kind = "any other"
    return f"{kind}, {few} input channels, {case['order']}, {case['numbers']}"


def tried(
    cases: list[Case], guard: Path | None, mended: bool, seconds: float
) -> list[tuple[Case, str]]:
    """Return what became of each case for which there was time."""
    end, found = time.monotonic() + seconds, []
    left = list(cases)
    while left and time.monotonic() < end:
        answers, death = in_a_process(left, guard, mended, end)
        found += list(zip(left, answers, strict=False))
        left = left[len(answers) :]
        if death == "hangs" and left:  # a machine with too much to do may look like that once
            answers, death = in_a_process(left[:1], guard, mended, end)
            death = answers[0] if answers else death
        if death and left:
            found.append((left.pop(0), death))
    return found


def in_a_process(
    cases: list[Case], guard: Path | None, mended: bool, end: float
) -> tuple[list[str], str]:
    """Return the answers of a process up to its death, and what it died of."""
    env = {**os.environ, "BENCH_MENDED": "yes" if mended else "", "OMP_NUM_THREADS": "1"}
    if guard:
        env["LD_PRELOAD"] = str(guard)
    worker = subprocess.Popen(
        [sys.executable, str(HERE / "convolution_worker.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=env, bufsize=1,
    )  # fmt: skip
    assert worker.stdin is not None and worker.stdout is not None
    answers: list[str] = []
    try:
        with selectors.DefaultSelector() as wait:
            wait.register(worker.stdout, selectors.EVENT_READ)
            for case in cases:
                worker.stdin.write(json.dumps(case) + "\n")
                if not wait.select(HANGS):
                    return answers, "hangs"
                answer = worker.stdout.readline().strip()
                if not answer:
                    return answers, _cause(worker.wait())
                answers.append(answer)
                if time.monotonic() > end:
                    break
    except BrokenPipeError:
        return answers, _cause(worker.wait())
    finally:
        worker.kill()
        worker.wait()
    return answers, ""


def _cause(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def print_table(found: list[tuple[Case, str]], kind: Any, title: str) -> None:
    """Print how many cases of each kind went well, and one of those that did not."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    example: dict[str, Case] = {}
    for case, answer in found:
        counts[kind(case)][answer] += 1
        if answer != "well":
            example.setdefault(kind(case), case)
    print(f"| {title} | tried | not well | for instance |\n|---|--:|---|---|")
    for name, tally in sorted(counts.items()):
        bad = ", ".join(f"{n} {answer}" for answer, n in tally.items() if answer != "well")
        print(f"| {name} | {tally.total()} | {bad} | {_short(example.get(name))} |")
    print(flush=True)


def _short(case: Case | None) -> str:
    return "" if case is None else ", ".join(f"{key} {value}" for key, value in case.items())


if __name__ == "__main__":
    main()
