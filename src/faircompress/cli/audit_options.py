"""The options of ``faircompress audit``, as they are typed."""

from pathlib import Path
from typing import Annotated

import typer


def _option(words: str) -> str:
    return typer.Option(help=words, show_default=False)


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
    typer.Option(
        "--baseline",
        "--dense",
        help="Column of the baseline, or its ONNX file.",
        show_default=False,
    ),
]
Candidate = Annotated[str, _option("Column of the model that may be released, or its ONNX file.")]
Label = Annotated[str | None, _option("Column of the true class.")]
Group = Annotated[list[str] | None, _option("Column of groups; may be repeated.")]
MetricName = Annotated[list[str] | None, _option("What may not get worse; may be repeated.")]
Limit = Annotated[list[float] | None, _option("By more than this; one for each --metric.")]
RuleText = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", help="Such as 'change auroc 0.03'; may be repeated.", show_default=False
    ),
]
Confidence = Annotated[float | None, _option("Of these rules; 0.975 if left out.")]
Rules = Annotated[Path | None, _option("File of rules, in the form of gate.rules of params.yaml.")]
Classes = Annotated[str, _option("Names, by commas; of two, the positive second.")]
Id = Annotated[str | None, typer.Option("--id", help="Column of the rows' ids.")]
Cluster = Annotated[str | None, _option("Column of whose row it is: a person.")]
Weight = Annotated[str | None, _option("Column of what a row counts.")]
MaxWeight = Annotated[
    float | None, _option("The most that a cluster (or a row without one) weighs; 20 if left out.")
]
Threshold = Annotated[
    str | None,
    _option("Of a two-class decision: a number (0.5 if left out), validation or baseline."),
]
Validation = Annotated[
    list[Path] | None, _option("Predictions or pictures of validation rows, which set thresholds.")
]
Split = Annotated[str | None, _option("Column that says validation or test of each row.")]
CrossChecks = Annotated[
    bool, typer.Option("--cross-checks", help="Bootstrap and DeLong intervals, too.")
]
Intersections = Annotated[bool, typer.Option("--intersections", help="Test these groups too.")]
Sparse = Annotated[
    str | None,
    _option("Small intersections: judge (if left out), merge (as 'other'), or parent (left to)."),
]
MinRows = Annotated[
    int | None, _option("Rows of each class with which an intersection is not small.")
]
Expect = Annotated[list[str] | None, _option("COLUMN=GROUP that must be there; may be repeated.")]
Absent = Annotated[
    list[str] | None,
    _option("'COLUMN=GROUP & ...' of whom there are no rows by design; may be repeated."),
]
Data = Annotated[Path | None, _option("Pictures for two ONNX files: Parquet.")]
Image = Annotated[str, typer.Option(help="Column of the pictures.")]
LedgerFile = Annotated[
    Path | None, _option("File that counts looks at a test set; made if missing.")
]
Looks = Annotated[
    str | None,
    _option("spend, earn or ignore; or the book of looks of version 0.2, to be taken over."),
]
ToppingUp = Annotated[
    bool, typer.Option("--topping-up", help="Declare that rows of fresh people may be added later.")
]
TopsUp = Annotated[
    int | None, _option("Line in the ledger of the look that fresh rows of this table top up.")
]
Reviewer = Annotated[str | None, _option("Who agreed to limits that changed after a look.")]
Reason = Annotated[str, _option("Why they changed.")]
Layout = Annotated[
    str | None, _option("Order of a file's input: NCHW, NHWC, or CHW, HWC, NHW without the others.")
]
Channels = Annotated[str | None, _option("Of a file's input: rgb (if left out), bgr or grey.")]
Mean = Annotated[
    str | None, _option("Subtracted from scaled pixels: a number, or one a channel by commas.")
]
Std = Annotated[str | None, _option("What they are divided by after that.")]
Scale = Annotated[
    str | None,
    _option("Pixels 0-255 are multiplied by it: 1/255 (with --mean or --std), 1, or another."),
]
Resize = Annotated[
    str | None,
    typer.Option(
        "--resize",
        "--size",
        help="Pictures to 224x192 (height, width), or a shorter side of 256.",
        show_default=False,
    ),
]
Crop = Annotated[str | None, _option("224x224 from the centre, after that.")]
Resampler = Annotated[str | None, _option("bilinear (if left out), bicubic, lanczos or box.")]
Logits = Annotated[
    bool | None,
    typer.Option(
        "--logits/--probabilities", help="What the files' scores are.", show_default=False
    ),
]
Output = Annotated[str | None, _option("Name of the output that holds the scores.")]
BaselineWith = Annotated[
    str | None, _option("Of the baseline file alone, such as 'layout=NCHW scale=1/255 logits'.")
]
CandidateWith = Annotated[str | None, _option("Of the candidate file alone.")]
Out = Annotated[Path | None, _option("Folder for report, summary, verdict and JUnit file.")]
