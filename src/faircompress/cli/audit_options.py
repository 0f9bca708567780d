"""The options of ``faircompress audit``, in the panels of its help."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from faircompress.cli import completion
from faircompress.config.written_numbers import meant_number

MODELS, FILES, COLUMNS, RULES, GROUPS, LOOKS = (
    "Models", "ONNX files", "Columns", "Rules", "Groups", "Looks at a test set",
)  # fmt: skip


def _option(panel: str, words: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=words, rich_help_panel=panel, show_default=False, **more)


def number(text: str) -> float:
    """Read a number as it was typed.

    Raises:
        BadParameter: If it is none; says how it is to be written.
    """
    try:
        return float(text)
    except ValueError:
        cure = meant_number(text) or "Needed is a number, such as 0.1."
        raise typer.BadParameter(f"{text!r} cannot be read. {cure}") from None


Tables = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="TABLE [TABLE]",
        help="Predictions, CSV or Parquet: one file, or the baseline's and the candidate's.",
        show_default=False,
    ),
]
Baseline = Annotated[
    str,
    _option(MODELS, "Column of the baseline, or its ONNX file.", "--baseline", "--dense"),
]
Candidate = Annotated[
    str, _option(MODELS, "Column of the model that may be released, or its ONNX file.")
]
Data = Annotated[Path | None, _option(MODELS, "Pictures for two ONNX files: Parquet.")]
Image = Annotated[str, typer.Option(help="Column of the pictures.", rich_help_panel=MODELS)]
Validation = Annotated[
    list[Path] | None,
    _option(MODELS, "Predictions or pictures of validation rows, which set thresholds."),
]

Layout = Annotated[
    str | None,
    _option(
        FILES,
        "Order of a file's input: NCHW, NHWC; CHW, HWC, NHW without the others; flat-HWC, flat-CHW "
        "if a picture is one row.",
    ),
]
Channels = Annotated[
    str | None, _option(FILES, "Of a file's input: rgb (if left out), bgr or grey.")
]
Mean = Annotated[
    str | None,
    _option(FILES, "Subtracted from scaled pixels: a number, or one a channel by commas."),
]
Std = Annotated[str | None, _option(FILES, "What they are divided by after that.")]
Scale = Annotated[
    str | None,
    _option(
        FILES, "Pixels 0-255 are multiplied by it: 1/255 (with --mean or --std), 1, or another."
    ),
]
Resize = Annotated[
    str | None,
    _option(
        FILES,
        "Pictures to 224x192 (height, width), or a shorter side of 256.",
        "--resize",
        "--size",
    ),
]
Crop = Annotated[str | None, _option(FILES, "224x224 from the centre, after that.")]
Resampler = Annotated[
    str | None, _option(FILES, "bilinear (if left out), bicubic, lanczos or box.")
]
Logits = Annotated[
    bool | None, _option(FILES, "What the files' scores are.", "--logits/--probabilities")
]
Output = Annotated[str | None, _option(FILES, "Name of the output that holds the scores.")]
Score = Annotated[
    str | None,
    _option(FILES, "Of several yes-or-no scores, the one asked about: its number from 0, or name."),
]
Input = Annotated[str | None, _option(FILES, "Name of the input that takes the pictures.")]
Constant = Annotated[
    list[str] | None,
    _option(FILES, "Another input's value for every picture, such as age=0.5; may be repeated."),
]
BaselineWith = Annotated[
    str | None,
    _option(FILES, "Of the baseline file alone, such as 'layout=NCHW scale=1/255 logits'."),
]
CandidateWith = Annotated[str | None, _option(FILES, "Of the candidate file alone.")]

Label = Annotated[str | None, _option(COLUMNS, "Column of the true class.")]
Group = Annotated[list[str] | None, _option(COLUMNS, "Column of groups; may be repeated.")]
Id = Annotated[str | None, _option(COLUMNS, "Column of the rows' ids.", "--id")]
Cluster = Annotated[str | None, _option(COLUMNS, "Column of whose row it is: a person.")]
Weight = Annotated[str | None, _option(COLUMNS, "Column of what a row counts.")]
MaxWeight = Annotated[
    list[str] | None,
    _option(
        COLUMNS,
        "The most that a cluster (or a row without one) weighs; 20 if left out. Or of each "
        "subgroup, such as 'sex=f & y=1: 3'; may be repeated.",
    ),
]
Counts = Annotated[
    Literal["rows", "clusters"],
    _option(COLUMNS, "What rates count; clusters: each once, however many rows it has."),
]
FixedCounts = Annotated[
    list[str] | None,
    _option(
        COLUMNS,
        "Column (the label's, of a group) of which the numbers of test rows were fixed by design, "
        "such as as many of each class; may be repeated.",
    ),
]
Split = Annotated[str | None, _option(COLUMNS, "Column that says validation or test of each row.")]
Classes = Annotated[str, _option(COLUMNS, "Names, by commas; of two, the positive second.")]

RuleText = Annotated[
    list[str] | None, _option(RULES, "Such as 'change auroc 0.03'; may be repeated.", "--rule")
]
MetricName = Annotated[
    list[str] | None,
    _option(
        RULES, "What may not get worse; may be repeated. See faircompress list metrics.",
        autocompletion=completion.metrics,
    ),
]  # fmt: skip
Limit = Annotated[
    list[float] | None,
    _option(RULES, "By more than this; one for each --metric.", parser=number, metavar="float"),
]
Confidence = Annotated[
    float | None,
    _option(RULES, "Of these rules; 0.975 if left out.", parser=number, metavar="float"),
]
Rules = Annotated[
    Path | None, _option(RULES, "File of rules, in the form of gate.rules of params.yaml.")
]
Threshold = Annotated[
    str | None,
    _option(RULES, "Of a two-class decision: a number (0.5 if left out), validation or baseline."),
]

Intersections = Annotated[
    bool, _option(GROUPS, "Test groups of two columns at once, too.", "--intersections")
]
Sparse = Annotated[
    str | None,
    _option(
        GROUPS,
        "Small intersections: judge (if left out), merge (as 'other'), or parent (left to).",
    ),
]
MinRows = Annotated[
    int | None, _option(GROUPS, "Rows of each class with which an intersection is not small.")
]
Expect = Annotated[
    list[str] | None, _option(GROUPS, "COLUMN=GROUP that must be there; may be repeated.")
]
Absent = Annotated[
    list[str] | None,
    _option(GROUPS, "'COLUMN=GROUP & ...' of whom there are no rows by design; may be repeated."),
]

LedgerFile = Annotated[
    Path | None, _option(LOOKS, "File that counts looks at a test set; made if missing.")
]
Looks = Annotated[
    str | None,
    _option(LOOKS, "spend, earn or ignore; or the book of looks of version 0.2, to be taken over."),
]
ToppingUp = Annotated[
    bool, _option(LOOKS, "Declare that rows of fresh people may be added later.", "--topping-up")
]
TopsUp = Annotated[
    int | None,
    _option(LOOKS, "Line in the ledger of the look that fresh rows of this table top up."),
]
Reviewer = Annotated[str | None, _option(LOOKS, "Who agreed to limits that changed after a look.")]
Reason = Annotated[str, _option(LOOKS, "Why they changed.")]

CrossChecks = Annotated[
    bool,
    typer.Option("--cross-checks", help="Bootstrap and DeLong intervals, too.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for report, summary, verdict and JUnit file.", show_default=False),
]
