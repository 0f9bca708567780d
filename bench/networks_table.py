"""Which classifiers can be cut to a half and to an eighth, and what comes of it?

Every torchvision classifier and some of timm's, each in a process of its own: built with random
weights, traced, cut by the size of its filters to a speed-up of 2 and of 8 (with a tenth of each
layer's channels kept at least), proved, exported, compared with torch, and timed against its dense
file (ONNX Runtime, one thread, one picture at a time, in turns).

Results are kept in a file and not measured again. ``python bench/networks_table.py`` prints
Markdown; ``--seconds`` bounds each name.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SIDE = 64
OWN_SIDE = {"vit_": 224, "maxvit": 224, "inception": 96, "timm:test_": 64, "timm:vit": 224,
            "timm:levit": 224, "timm:deit": 224, "timm:mixer": 224}  # fmt: skip
TIMM = (
    "test_resnet", "test_convnext", "test_efficientnet", "test_byobnet", "test_nfnet", "test_vit",
    "test_efficientnet_gn", "test_mambaout", "resnet10t", "resnet18d", "mobilenetv3_small_050",
    "mobilenetv4_conv_small", "efficientnet_lite0", "convnext_atto", "regnetx_002", "repvgg_a0",
    "ghostnet_100", "lcnet_050", "tinynet_e", "densenet121", "darknet17", "vgg11_bn",
    "seresnext26d_32x4d", "hrnet_w18_small", "dla34", "resnetv2_50", "fastvit_t8",
    "vit_tiny_patch16_224", "levit_128s", "mixer_s32_224",
)  # fmt: skip
SPEEDUPS = (2, 8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, default=Path("networks_table.json"))
    parser.add_argument("--seconds", type=float, default=900, help="a name may take")
    parser.add_argument("--one", help="(the process of one name)")
    parser.add_argument("names", nargs="*", help="all, if none is given")
    asked = parser.parse_args()
    if asked.one:
        print("\n" + json.dumps(measured(asked.one)))
        return
    known = json.loads(asked.kept.read_text()) if asked.kept.exists() else {}
    wanted = asked.names or all_names()
    for name in wanted:
        if name not in known:
            known[name] = tried(name, asked.seconds)
            asked.kept.write_text(json.dumps(known, indent=1))
    show(known, wanted)


def all_names() -> list[str]:
    """Return every torchvision classifier, and some of timm's."""
    import torchvision

    return [
        *torchvision.models.list_models(module=torchvision.models),
        *(f"timm:{name}" for name in TIMM),
    ]


def tried(name: str, seconds: float) -> dict[str, Any]:
    """Measure a name in a process of its own."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, __file__, "--one", name], stdout=said, stderr=subprocess.DEVNULL
        )
        ended = None
        while ended is None and time.monotonic() - start < seconds:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            ended = (status, used) if pid else None
            time.sleep(0.1)
        if ended is None:
            process.kill()
            ended = os.wait4(process.pid, 0)[1:]
        said.seek(0)
        lines = [line for line in said if line.startswith("{")]
    taken = time.monotonic() - start
    over = f"had not ended after {seconds:.0f} s" if taken >= seconds else "stopped"
    found = json.loads(lines[-1]) if lines else {"refused": over}
    return {**found, "seconds": taken, "gigabytes": ended[1].ru_maxrss / 1e6}


def measured(name: str) -> dict[str, Any]:
    """Cut a network both ways; say what came of it."""
    import numpy as np
    import torch

    from faircompress.compression.channels import read_widths
    from faircompress.compression.cut import cut
    from faircompress.compression.soundness import sound
    from faircompress.export import runtime
    from faircompress.networks import network as networks
    from faircompress.networks.fitness import refuse_unfit
    from faircompress.networks.network import Network
    from faircompress.rehearsal.steps import by_size
    from faircompress.support.errors import InputError

    torch.manual_seed(0)
    torch.set_num_threads(1)
    side = side_of(name)
    found: dict[str, Any] = {"side": side}
    pictures = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), np.uint8)
    try:
        net = networks.build(name, 2).eval()
        dense = Network(net, name, 2, (0.5,) * 3, (0.25,) * 3)
        refuse_unfit(net, dense.normalised(torch.from_numpy(pictures)))
        blank = dense.blank((side, side))
        widths = sound(net, blank, read_widths(net, blank))
        least = widths.macs({g.root: g.size - max(1, -(-g.size // 10)) for g in widths.groups})
        found |= {"largest": widths.macs() / least, "kept": len(widths.fixed)}
        with tempfile.TemporaryDirectory() as folder:
            files = {1: exported(dense, Path(folder) / "1.onnx")}
            for speedup in SPEEDUPS:
                if speedup > found["largest"]:
                    continue
                smaller, _ = cut(net, by_size, blank, speedup=speedup, floor=0.1)
                pruned = Network(smaller, name, 2, dense.mean, dense.std)
                files[speedup] = exported(pruned, Path(folder) / f"{speedup}.onnx")
                said = runtime.predict(files[speedup], pictures, what="")
                far = np.abs(said - networks.probabilities(pruned, pictures)).max()
                found[f"parity {speedup}"] = float(far)
            found |= milliseconds(files, pictures[:1])
    except InputError as error:
        found["refused"] = " ".join(str(error).split())[:110] + " ..."
    return found


def side_of(name: str) -> int:
    """Return the side of the pictures that a network is tried on."""
    return next((side for start, side in OWN_SIDE.items() if name.startswith(start)), SIDE)


def exported(network: Any, path: Path) -> Any:
    """Write a network as a file and open it."""
    from faircompress.export import runtime
    from faircompress.export.to_onnx import refuse_wrong_shape, to_onnx

    side = side_of(network.architecture)
    content = to_onnx(network, (side, side), opset=20, words={})
    refuse_wrong_shape(content, network)
    path.write_bytes(content)
    return runtime.session(path, "cpu", threads=1)


def milliseconds(files: dict[int, Any], picture: Any, repeats: int = 15) -> dict[str, float]:
    """Return the median time of each file, which take turns."""
    import numpy as np

    times: dict[int, list[float]] = {speedup: [] for speedup in files}
    for _ in range(repeats):
        for speedup, opened in files.items():
            start = time.perf_counter()
            opened.run(None, {"images": picture})
            times[speedup].append(1000 * (time.perf_counter() - start))
    return {f"ms {speedup}": float(np.median(taken)) for speedup, taken in times.items()}


def show(known: dict[str, Any], names: list[str]) -> None:
    """Print the table."""
    print("| name | side | largest speed-up | layers kept | parity 2x, 8x | ms dense, 2x, 8x "
          "| s | GB |\n|---|--:|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    for name in names:
        of = known[name]
        taken = f"{of['seconds']:.0f} | {of['gigabytes']:.1f} |"
        if "refused" in of:
            print(f"| {name} | {of.get('side', '')} | refused: {of['refused']} | | | | {taken}")
            continue
        parity = ", ".join(f"{of[k]:.0e}" for k in ("parity 2", "parity 8") if k in of) or "-"
        ms = ", ".join(f"{of[k]:.1f}" for k in ("ms 1", "ms 2", "ms 8") if k in of)
        print(f"| {name} | {of['side']} | {of['largest']:.1f} | {of['kept']} | {parity} | {ms} "
              f"| {taken}")  # fmt: skip
    works = [sum(f"parity {s}" in known[name] for name in names) for s in SPEEDUPS]
    print(f"\nOf {len(names)} names {works[0]} can be halved and {works[1]} cut to an eighth.")


if __name__ == "__main__":
    main()
