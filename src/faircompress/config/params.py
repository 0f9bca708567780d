"""params.yaml as frozen classes. Nothing heavy is imported, so a typo is found in milliseconds."""

import importlib.util
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from faircompress.config import renamed_keys
from faircompress.config.bad_params import BadParams as BadParams
from faircompress.config.bounds import Count, Levels, OpenShare, Positive, Seed, Share
from faircompress.config.brought_names import kind_of
from faircompress.config.card import Card
from faircompress.config.mistakes import meant, sentences
from faircompress.config.monitor import Monitor
from faircompress.config.operation import Keep, Notify, Run
from faircompress.config.optimisation import Optimisation as Optimisation
from faircompress.config.overrides import overridden
from faircompress.config.plugins import Section, choice, names
from faircompress.config.precisions import PRECISIONS, InOrder, one_file_is_topped_up
from faircompress.config.rules import Gate as Gate
from faircompress.config.rules import with_reasons
from faircompress.config.targets import Target as Target
from faircompress.config.targets import no_search, plain_speedup
from faircompress.support.errors import InputError

Channels = Annotated[list[float], Field(min_length=3, max_length=3)]
Size = Count | Annotated[list[Count], Field(min_length=2, max_length=2)] | None


@cache
def model_names() -> tuple[str, ...]:
    """Return our own networks and every torchvision classifier, without importing torch."""
    spec = importlib.util.find_spec("torchvision")
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else Path("absent")
    sources = (path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    registered = re.compile(r"@register_model\(\)\n(?:@.*\n)*def (\w+)\(")
    return (*names("models"), *(name for text in sources for name in registered.findall(text)))


def _known_model(name: str) -> str:
    if kind_of(name) is not None:
        return name
    if name not in model_names():
        absent = importlib.util.find_spec("torchvision") is None
        words = (
            " torchvision is not installed: pip install 'faircompress[train]'." if absent else ""
        )
        raise InputError(f"no model {name!r}.{words or meant(name, model_names())}")
    return name


class Checks(Section):
    """What a data set must be to be worth hours of training."""

    min_subgroup: Annotated[Count, Field(description="pictures in a label x group x split cell")]
    absent_subgroups: Annotated[
        list[str], Field(description="cells not expected, such as 'train label=1 hair=short'")
    ]
    class_share: Annotated[
        Annotated[list[Share], Field(min_length=2, max_length=2)] | None,
        Field(description="of a class in a split; null: 0.04 / classes at least"),
    ] = None
    quarantine: Annotated[
        Share, Field(description="unreadable, missing or blank pictures set aside, at most")
    ]
    duplicates: Annotated[
        Literal["keep", "drop_conflicting", "drop", "error"],
        Field(
            description="equal pictures in a split: keep tells of them, error refuses them; "
            "drop_conflicting sets those of unlike label or group aside; drop all but one, too"
        ),
    ] = "keep"
    expectations: Annotated[
        str | list[dict[str, Any]],
        Field(description="your own, as Great Expectations writes them: a list, or its JSON file"),
    ] = []


class Train(Optimisation):
    """The dense model, against which harm is measured."""

    seed: Seed
    model: Annotated[str, AfterValidator(_known_model)]
    weights: Annotated[
        Literal["imagenet"] | None, Field(description="start from these; null: at random")
    ]
    from_: Annotated[
        str | None, Field(alias="from", description="start from this file; null: at random")
    ] = None
    mean: Annotated[
        Channels | None, Field(description="taken off pictures in [0, 1]; null: the data's")
    ] = None
    std: Annotated[
        Channels | None, Field(description="by which they are then divided; null: the data's")
    ] = None
    # 0: it is the dense model as it comes
    epochs: Annotated[int, Field(ge=0, description="passes over the train split")]


def _with_start(train: Train) -> Train:
    """Refuse what cannot be: no training of nothing, and weights without their normalisation."""
    given = (train.mean is None, train.std is None)
    if train.weights and train.from_:
        raise InputError("weights and from both say where it starts; set weights: null")
    if train.epochs == 0 and not (train.weights or train.from_):
        raise InputError(
            "epochs is 0, so the network must come trained: set from to the file of its weights"
        )
    if any(given) != all(given):
        raise InputError("mean and std belong together; set both, or neither")
    if train.from_ and all(given):
        raise InputError(
            "from needs mean and std, by which pictures in [0, 1] were normalised when these "
            "weights were learnt. ImageNet's are mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, "
            "0.225]; none at all is mean: [0, 0, 0], std: [1, 1, 1]"
        )
    if train.std is not None and min(train.std) <= 0:
        raise InputError(f"std is {train.std}; needed are numbers above 0")
    return train


class Prune(Optimisation):
    """Which channels go, and how the rest are taught to make up for them."""

    seed: Seed
    speedup: Annotated[
        float,
        BeforeValidator(no_search),
        Field(gt=1, description="dense over pruned multiply-adds"),
    ]
    target: Annotated[
        Target | None, Field(description="ms or MB to cut to, in place of the speed-up")
    ] = None
    rounds: Annotated[Count, Field(description="cuts on the way; scores are taken before each")]
    min_channels: Annotated[
        Share, Field(description="of a layer's channels that stay, at least one")
    ]
    round_to: Annotated[
        Count | Literal["auto"],
        Field(
            description="channels stay in multiples of this; auto: of what this machine likes, "
            "measured once and kept in artifacts/widths.json, and of less in narrow layers"
        ),
    ]
    scoring_batch: Annotated[Count, Field(description="pictures a step while channels are scored")]
    # these sections are made of the plug-ins' signatures, which mypy cannot know
    criterion: choice("criteria")  # type: ignore[valid-type]  # made of the files found
    scoring: choice("objectives")  # type: ignore[valid-type]  # likewise
    finetune: choice("objectives")  # type: ignore[valid-type]  # likewise
    head: Annotated[
        choice("heads"),  # type: ignore[valid-type]  # likewise
        Field(description="how the last layer is fitted anew at the end"),
    ] = choice("heads").model_validate({"name": "keep"})
    repair: Annotated[
        int,
        Field(
            ge=0,
            description="train pictures by which what stays makes up for what goes, in closed "
            "form, before fine-tuning; 0: not at all",
        ),
    ] = 0
    folds: Annotated[
        int, Field(ge=2, description="of people, for objectives on cross-fitted dense models")
    ] = 3


class Int8(Section):
    """How 8-bit integers are chosen."""

    pictures: Annotated[
        Count, Field(description="of training, to whose extremes activations are scaled")
    ] = 500
    balanced: Annotated[
        bool, Field(description="alike from each label x group cell; false: as they come")
    ] = True
    weight_bits: Annotated[
        Literal[7, 8], Field(description="7: for x86 processors without VNNI, where 8 overflow")
    ] = 8


class Export(Section):
    """The files that will be deployed."""

    precisions: Annotated[
        InOrder, Field(description="of the pruned file, judged in this order")
    ] = [PRECISIONS[0]]
    int8: Int8 = Int8()
    threshold: Annotated[
        OpenShare | Literal["baseline", "validation"],
        Field(
            description="where two classes part, folded into the files so that 0.5 is it; "
            "baseline: at the dense file's selection rate; validation: most accurate there; of "
            "several classes baseline means the most probable"
        ),
    ] = "baseline"
    opset: Annotated[int, Field(ge=18, description="of ONNX")]
    tolerance: Annotated[Positive, Field(description="largest probability difference to torch")]
    latency_batches: list[Count]
    latency_repeats: Annotated[Count, Field(description="timed runs a batch size")]


class Compute(Section):
    """Where it runs."""

    device: Literal["auto", "cpu", "cuda", "mps"]
    devices: Count
    strategy: Literal["auto", "ddp"]
    precision: Literal["32-true", "bf16-mixed", "16-mixed"]


class Data(choice("sources")):  # type: ignore[misc]  # likewise
    """Where pictures come from, and how they are made alike."""

    resize: Annotated[Size, Field(description="shorter side, or [height, width]; null: as is")]
    crop: Annotated[Size, Field(description="centre; side, or [height, width]; null: none")]
    resampler: Literal["bilinear", "bicubic", "lanczos", "box"]
    levels: Annotated[
        Levels | None, Field(description="of grey of more than 8 bits: black, white; null: all")
    ] = None
    transparent: Annotated[
        Literal["white", "black"], Field(description="what transparent parts lie on")
    ] = "white"
    exif: Annotated[Literal["turn", "ignore"], Field(description="a camera's rotation")] = "turn"
    counts: Annotated[
        Literal["pictures", "people"], Field(description="what rates count; people: each once")
    ] = "pictures"


class Params(Section):
    """Every choice, one section a stage, in chain order."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,49}$")] | None = None
    data: Data
    checks: Checks
    train: Annotated[Train, AfterValidator(_with_start)]
    prune: Annotated[Prune, BeforeValidator(plain_speedup)]
    export: Export
    gate: Annotated[Gate, AfterValidator(with_reasons)]
    card: Card = Card()
    compute: Compute
    run: Run = Run()
    keep: Keep = Keep()
    notify: Annotated[Notify, Field(description="who is told of what, and where")] = []
    monitor: Monitor | None = None

    _checked = model_validator(mode="after")(one_file_is_topped_up)

    @property
    def key(self) -> str:
        """Return the name of experiment and registered model."""
        return self.name or f"faircompress-{self.data.name}"

    @property
    def title(self) -> str:
        """Return what a run is called: its data, method and speed-up."""
        prune: Any = self.prune
        return f"{self.data.name} {prune.criterion.name} {prune.target or f'{prune.speedup:g}x'}"


def load(path: Path, overrides: Sequence[str] = ()) -> Params:
    """Read params.yaml, put ``section.key=value`` overrides over it, and check it all.

    Raises:
        BadParams: Naming every mistake, with the key that was probably meant.
    """
    return check(overridden(path, overrides))


def check(raw: dict[str, Any]) -> Params:
    """Return params as frozen classes, or say all that is wrong with them."""
    wrong = renamed_keys.found_in(raw)
    try:
        checked = Params.model_validate(raw)
    except ValidationError as error:
        wrong.append(sentences(error, raw, Params))
    if wrong:
        raise BadParams("\n".join(wrong))
    return checked


def check_gate(raw: dict[str, Any]) -> Gate:
    """Return the section ``gate`` alone, for predictions that no chain of ours made."""
    try:
        return Gate.model_validate(raw)
    except ValidationError as error:
        raise BadParams(sentences(error, {"gate": raw}, Params, ("gate",))) from None
