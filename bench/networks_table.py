"""Which classifiers can be cut to a half and to an eighth, and what comes of it?

Every torchvision classifier, and some of timm's of all kinds, each in a process of its own within
bounds of time and memory: built with random weights, looked at, trained for a step, cut by the
size of its filters (a tenth of each layer's channels stay at least), proved, trained once more,
saved, loaded, exported, compared with torch on noise, and timed against its dense file (ONNX
Runtime, one thread, one picture at a time, in turns).

What is found is appended to a file, one JSON line for each name and speed-up; names in it are not
tried again. ``python bench/networks_table.py`` prints Markdown; ``--show`` only that.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import networks_list

SPEEDUPS = (2, 8)
CLASSES = 10
LEAST = 0.1  # share of channels that stay
PATIENCE = 5  # times the seconds of a processor that a name may take on a crowded machine
fork = multiprocessing.get_context("fork")
KEPT = Path(__file__).parent / "networks_table.jsonl"
Lines = list[dict[str, Any]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, default=KEPT)
    parser.add_argument("--seconds", type=float, default=900, help="of a processor a name may take")
    parser.add_argument("--gigabytes", type=float, default=8, help="a name may take")
    parser.add_argument("--minutes", type=float, default=10_000, help="after which to stop")
    parser.add_argument(
        "--side", type=int, help="of pictures, where a network takes others than its own"
    )
    parser.add_argument("--show", action="store_true", help="print what is known, measure nothing")
    parser.add_argument("--again", action="store_true", help="also what is known")
    parser.add_argument("names", nargs="*", help="all, if none is given")
    asked = parser.parse_args()
    before = time.monotonic()
    if not asked.show:
        load_libraries()
    for name in [] if asked.show else asked.names or networks_list.all_names():
        if time.monotonic() - before > 60 * asked.minutes:
            break
        if asked.again or name not in read(asked.kept):
            lines = tried(name, asked.side, asked.seconds, asked.gigabytes)
            with asked.kept.open("a", encoding="utf-8") as file:  # one write, whole or not at all
                file.write("".join(json.dumps(line) + "\n" for line in lines))
    known = read(asked.kept)
    show({name: known[name] for name in asked.names or networks_list.all_names() if name in known})


def read(kept: Path) -> dict[str, Lines]:
    """Return the newest lines of each name."""
    known: dict[str, Lines] = {}
    for text in kept.read_text().splitlines() if kept.exists() else []:
        line = json.loads(text)
        same = known.get(line["name"], [{"try": None}])[0]["try"] == line["try"]
        known[line["name"]] = [*known[line["name"]], line] if same else [line]
    return known


def load_libraries() -> None:
    """Import what every name needs, once, before processes are forked."""
    for library in ("onnxruntime", "onnxscript", "timm", "torch_pruning", "torchvision"):
        importlib.import_module(library)
    importlib.import_module("faircompress.rehearsal.steps")


def tried(name: str, side: int | None, seconds: float, gigabytes: float) -> Lines:
    """Measure a name in a process of its own; return a line for each speed-up, or why none."""
    start, over, peak, taken = time.monotonic(), "", 0.0, 0.0
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as aside:
        process = fork.Process(target=_inside, args=(name, side, said.fileno(), aside.fileno()))
        process.start()
        while process.is_alive() and not over:
            peak, taken = max(peak, _gigabytes(process.pid)), _seconds(process.pid) or taken
            if peak > gigabytes:
                over = f"memory: more than {gigabytes:.0f} GB"
            elif taken > seconds or time.monotonic() - start > PATIENCE * seconds:
                over = f"time: had not ended after {taken:.0f} s of a processor"
            process.join(0.1)
        process.kill()
        process.join()
        said.seek(0), aside.seek(0)
        lines = [json.loads(line) for line in said if line.startswith("{")]
        last = (aside.read().strip().splitlines() or [""])[-1][:200]
    if process.exitcode and not over:
        over = f"CRASH {process.exitcode}: {last}"
    whole = {"name": name, "try": round(time.time()), "seconds": taken,
             "gigabytes": peak}  # fmt: skip
    lines += [{"refused": over}] if over else []
    return [whole | line for line in lines]


def _inside(name: str, side: int | None, out: int, aside: int) -> None:
    """Measure a name in the process that was forked for it."""
    os.dup2(out, 1), os.dup2(aside, 2)
    measure(name, side)


def _gigabytes(pid: int | None) -> float:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except (OSError, IndexError):
        return 0.0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e9


def _seconds(pid: int | None) -> float:
    """Return the seconds that a process had a processor; 0 where the system does not say."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, asked: int | None) -> None:
    """Cut a network to each speed-up, and print a JSON line for each, or why it is refused."""
    import numpy as np
    import torch

    from faircompress.networks import network as networks
    from faircompress.networks.convolutions import mend_convolutions
    from faircompress.networks.network import Network
    from faircompress.support.errors import InputError

    torch.manual_seed(0)
    torch.set_num_threads(1)
    mend_convolutions()
    common: dict[str, Any] = {}
    try:
        net = networks.build(name, CLASSES)
        side = asked if asked and takes(net, asked) else networks_list.side_of(name)
        common["side"] = side
        pictures = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), np.uint8)
        dense = Network(net, name, CLASSES, (0.5,) * 3, (0.25,) * 3)
        common |= looked_at(dense, pictures)
        with tempfile.TemporaryDirectory() as folder:
            file = exported(dense, (side, side), Path(folder) / "dense")
            for speedup in SPEEDUPS:
                found = cut_to(dense, speedup, pictures, file)
                print(json.dumps(common | {"speedup": speedup} | found), flush=True)
    except InputError as error:
        print(json.dumps(common | {"refused": " ".join(str(error).split())}), flush=True)


def takes(net: Any, side: int) -> bool:
    """Tell whether a network takes pictures of a size."""
    import torch

    from faircompress.networks.layers import MISFITS

    was = net.training
    try:
        with torch.no_grad():
            net.eval()(torch.randn(2, 3, side, side))
    except MISFITS:
        return False
    finally:
        net.train(was)
    return True


def looked_at(dense: Any, pictures: Any) -> dict[str, Any]:
    """Refuse what cannot be used; return what could be cut at most."""
    import torch

    from faircompress.compression.channels import read_widths
    from faircompress.compression.soundness import sound, trials_of
    from faircompress.networks.fitness import refuse_batch_bound, refuse_unfit
    from faircompress.rehearsal.steps import learn

    normal = dense.normalised(torch.from_numpy(pictures))
    refuse_unfit(dense.net, normal)
    learn(dense, pictures)
    refuse_batch_bound(dense.net, normal)
    start, blank = time.process_time(), dense.blank(pictures.shape[1:3])
    read = read_widths(dense.net, blank)
    widths = sound(trials_of(dense.net, blank, read.macs()), read)
    least = widths.macs({g.root: g.size - max(1, -(-g.size // 10)) for g in widths.groups})
    reasons = sorted(set(widths.fixed.values()))
    return {"macs": widths.macs(), "largest": widths.macs() / least, "layers": len(widths.layers),
            "kept": len(widths.fixed.keys() & widths.layers.keys()), "why": reasons[:4],
            "reading": time.process_time() - start}  # fmt: skip


def cut_to(dense: Any, speedup: float, pictures: Any, file: Any) -> dict[str, Any]:
    """Return what a cut comes to: speed-up, parity, times."""
    import numpy as np

    from faircompress.compression.cut import cut
    from faircompress.export import runtime
    from faircompress.networks import network as networks
    from faircompress.networks.network import Network
    from faircompress.rehearsal.steps import by_size, learn, saved_and_loaded
    from faircompress.support.errors import InputError

    start, size = time.process_time(), pictures.shape[1:3]
    try:
        smaller, done = cut(dense.net, by_size, dense.blank(size), speedup=speedup, floor=LEAST)
    except InputError as error:
        return {"refused": " ".join(str(error).split())}
    cutting = time.process_time() - start
    pruned = Network(smaller, dense.architecture, CLASSES, dense.mean, dense.std)
    learn(pruned, pictures)
    pruned = saved_and_loaded(pruned, pictures)
    with tempfile.TemporaryDirectory() as folder:
        files = {"ms dense": file, "ms": exported(pruned, size, Path(folder) / "pruned")}
        said = runtime.predict(files["ms"], pictures, what="")
        far = np.abs(said - networks.probabilities(pruned, pictures)).max()
        times = milliseconds(files, pictures[:1])
    return {"reached": done.speedup, "parity": float(far), "cutting": cutting,
            "spread": float(said.std()), "clock": "processor", **times}  # fmt: skip


def exported(network: Any, size: tuple[int, int], path: Path) -> Any:
    """Write a network as a file and open it."""
    from faircompress.export import runtime
    from faircompress.export.right_shape import refuse_wrong_shape
    from faircompress.export.to_onnx import to_onnx

    content = to_onnx(network, size, opset=20, words={})
    refuse_wrong_shape(content, network)
    path.write_bytes(content)
    return runtime.session(path, "cpu", threads=1)


def milliseconds(files: dict[str, Any], picture: Any, repeats: int = 15) -> dict[str, float]:
    """Return the median processor time of each file, which take turns; it has one thread."""
    import numpy as np

    times: dict[str, list[float]] = {what: [] for what in files}
    for _ in range(repeats):
        for what, opened in files.items():
            start = time.process_time()
            opened.run(None, {"images": picture})
            times[what].append(1000 * (time.process_time() - start))
    return {what: float(np.median(taken)) for what, taken in times.items()}


def show(known: dict[str, Lines]) -> None:
    """Print the table."""
    print("| name | side | GMAC | largest | layers that stay | parity 2x, 8x | ms dense, 2x, 8x "
          "| s to cut | GB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    for name, lines in known.items():
        first, cuts = lines[0], {line["speedup"]: line for line in lines if "parity" in line}
        memory = f"{first['gigabytes']:.1f} |"
        if "largest" not in first:
            why = short(first["refused"])
            print(f"| {name} | {first.get('side', '')} | | {why} | | | | | {memory}")
            continue
        parity = ", ".join(f"{cuts[s]['parity']:.0e}" if s in cuts else "-" for s in SPEEDUPS)
        timed = {s: of for s, of in cuts.items() if "clock" in of}
        ms = [next((f"{of['ms dense']:.1f}" for of in timed.values()), "-")]
        ms += [f"{timed[s]['ms']:.1f}" if s in timed else "-" for s in SPEEDUPS]
        stay = f"{first['kept']} of {first['layers']}"
        slowest = max((of["cutting"] for of in cuts.values()), default=first["reading"])
        late = [line["refused"] for line in lines if "refused" in line and "speedup" not in line]
        more = f" ({short(late[0])})" if late else ""
        size = f"{first['side']} | {first['macs'] / 1e9:.2f}"
        cut = f"{first['largest']:.1f}{more} | {stay} | {parity}"
        print(f"| {name} | {size} | {cut} | {', '.join(ms)} | {slowest:.0f} | {memory}")
    works = [sum(any(of.get("speedup") == s and "parity" in of for of in lines)
                 for lines in known.values()) for s in SPEEDUPS]  # fmt: skip
    whole = [lines for lines in known.values() if not any(map(_ran_out, lines))]
    days = sorted({time.strftime("%F", time.gmtime(lines[0]["try"])) for lines in whole})
    when = " and ".join(days[:: len(days) - 1 or 1])
    print(
        f"\nOf {len(known)} names tried ({when}) {works[0]} can be halved and {works[1]} cut to an "
        f"eighth; {len(known) - len(whole)} ran out of time or memory."
    )


def _ran_out(line: dict[str, Any]) -> bool:
    return line.get("refused", "").startswith(("time:", "memory:"))


def short(why: str) -> str:
    """Return the reason of a refusal, for a table."""
    return "refused: " + (why if len(why) < 160 else why[:150] + " ...").replace("|", "/")


if __name__ == "__main__":
    main()
