"""Which torchvision classifiers can be trained, halved and exported, and what is said of others?

Each name goes through what `faircompress params` and the stage `train` put it through before the
first epoch (`faircompress/rehearsal/`), in a process of its own with a limit of time and memory.
Results are kept in a file and not measured again. ``python bench/torchvision_names.py`` prints
Markdown; all names take about an hour on two cores.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torchvision

from faircompress.config import params
from faircompress.rehearsal import trial

SIDE = 96
FIXED_SIZE = 224  # of networks whose positions are counted
OWN_SIDE = {"vit_": FIXED_SIZE, "maxvit": FIXED_SIZE, "vit_h_14": FIXED_SIZE}
PARAMS = Path(__file__).parent.parent / "params.yaml"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, default=Path("torchvision_names.json"))
    parser.add_argument("--seconds", type=float, default=600, help="a name may take")
    parser.add_argument("--gigabytes", type=float, default=8, help="a name may take")
    parser.add_argument("names", nargs="*", help="all, if none is given")
    asked = parser.parse_args()
    known = json.loads(asked.kept.read_text()) if asked.kept.exists() else {}
    wanted = asked.names or torchvision.models.list_models(module=torchvision.models)
    for name in wanted:
        if name not in known:
            known[name] = tried(name, asked.seconds, asked.gigabytes)
            asked.kept.write_text(json.dumps(known, indent=1))
    print("| name | side | halved | seconds | GB |\n|---|--:|---|--:|--:|")
    for name in wanted:
        of = known[name]
        said = of["refused"] or "works"
        print(f"| {name} | {of['side']} | {said} | {of['seconds']:.0f} | {of['gigabytes']:.1f} |")
    works = sum(not known[name]["refused"] for name in wanted)
    print(f"\n{works} of {len(wanted)} work; of each of the others it is said why not.")


def tried(name: str, seconds: float, gigabytes: float) -> dict[str, Any]:
    """Return what became of a name."""
    side = next((side for start, side in OWN_SIDE.items() if name.startswith(start)), SIDE)
    changes = [f"train.model={name}", "prune.speedup=2", "prune.min_channels=0.1",
               "export.precisions=[fp32]"]  # fmt: skip
    given = trial.request(params.load(PARAMS, changes), (side, side), 2)
    of = trial.try_out(given, seconds=seconds, memory=int(gigabytes * 1e9))
    return {
        "side": side,
        "refused": of.refused,
        "seconds": of.seconds,
        "gigabytes": of.memory / 1e9,
    }


if __name__ == "__main__":
    main()
