"""Of networks drawn at random, does any say something else once it is cut?

The networks are those of ``tests/drawn_networks.py``. Of each, channels are taken out at random
four times over, and what is left is compared with the network as wide as before that does without
them. Run: python bench/drawn_cuts.py [SEEDS, 130].
"""

import copy
import random
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from drawn_networks import SIDE, Drawn

from faircompress.compression.channels import read_widths, take_out
from faircompress.compression.masked import masked
from faircompress.compression.soundness import sound, trials_of
from faircompress.support.errors import InputError

CUTS = 4


@torch.no_grad()
def main() -> None:
    """Count."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 130
    counted = {"networks": seeds, "refused": 0, "cuts": 0, "differ": 0, "layers": 0, "stay": 0}
    for seed in range(seeds):
        net = Drawn(seed).eval()
        example = torch.zeros(1, 3, SIDE, SIDE)
        try:
            read = read_widths(net, example)
            widths = sound(trials_of(net, example, read.macs()), read)
        except InputError:  # refused as a whole, in words
            counted["refused"] += 1
            continue
        counted["layers"] += len(widths.layers)
        counted["stay"] += len(widths.fixed)
        dense, pictures, rng = net.double(), torch.randn(3, 3, SIDE, SIDE).double(), seed
        for number in range(CUTS):
            chance = random.Random(f"{rng} {number}")
            gone = {g.root: chance.sample(range(g.size), chance.randint(0, g.size - 1))
                    for g in widths.groups}  # fmt: skip
            cut = copy.deepcopy(dense)
            take_out(cut, widths.groups, gone)
            wanted = masked(dense, pictures, widths.groups, gone)(pictures)
            counted["cuts"] += 1
            counted["differ"] += bool((cut(pictures) - wanted).abs().max()
                                      > 1e-9 * wanted.abs().max())  # fmt: skip
    print(counted)


if __name__ == "__main__":
    main()
