"""An ONNX file that is asked about pictures."""

from dataclasses import dataclass, replace

import numpy as np

from faircompress.auditing.feeding import FileInput, check_size
from faircompress.auditing.file_options import FileOptions
from faircompress.auditing.onnx_files import UNREADABLE, OnnxFile, Port
from faircompress.auditing.scores import (
    as_probabilities,
    other_outputs,
    score_of,
    slack_of,
    width_of,
)  # fmt: skip
from faircompress.auditing.spelling import spelt
from faircompress.data.predictions import Predictions
from faircompress.export.ports import INPUT
from faircompress.support.errors import InputError
from faircompress.support.progress import track

MOST = 256  # pictures a run
PIXELS = 2**23  # of all pictures of a run: 167 of 224 x 224


@dataclass(frozen=True)
class Classifier:
    """A file and how it is asked.

    Args:
        file: The file.
        options: What was said of it.
        feed: How pictures become its input.
        output: What is read.
        columns: Scores of a picture.
        alone: Is each picture asked about alone, although the file takes several?
    """

    file: OnnxFile
    options: FileOptions
    file_input: FileInput
    output: Port
    columns: int
    alone: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Return what the file calls its scores; nothing where only one of them is read."""
        if self.options.score is not None:
            return ()
        keys = tuple(map(str, self.output.keys))
        numbered = keys == tuple(map(str, range(len(keys))))
        return self.file.classes or (() if numbered else keys)

    @property
    def our_own(self) -> bool:
        """Tell whether the file takes pictures as ``faircompress`` exports them."""
        file_input, options = self.file_input, self.options
        usual = (file_input.name, file_input.layout, file_input.channels, file_input.batch) == (
            INPUT,
            "NHWC",
            "rgb",
            None,
        )
        given = options.resize or options.crop or options.logits or file_input.constants
        kept = not (given or self.alone)
        return usual and kept and file_input.scale is None and self.columns > 1

    def __str__(self) -> str:
        """Return how it was asked, as a report shows it."""
        resized = [
            f"{key} {value if isinstance(value, int) else 'x'.join(map(str, value))}"
            for key in ("resize", "crop")
            if (value := getattr(self.options, key)) is not None
        ]
        many = self.file_input.batch or (1 if self.alone else None)
        runs = "" if many is None else f", {many} picture{'s' * (many > 1)} a run"
        read = "logits" if self.options.logits else "probabilities"
        only = "" if self.options.score is None else f" (score {self.options.score})"
        fed = ", ".join([*resized, str(self.file_input)])
        return (
            f"{self.file.path.name} was given {fed}{runs}; its {self.output.name!r}{only} was read "
            f"as {read}."
        )


def ask(
    classifier: Classifier, rows: Predictions, pictures: np.ndarray, order: list[int]
) -> Predictions:
    """Return a file's probabilities of all rows.

    Args:
        classifier: The file.
        rows: What is known of the rows.
        pictures: uint8 ``(rows, height, width, 3)``, of the size in which it is asked.
        order: Which of its scores stands for each class of the rows.

    Raises:
        ValueError: Naming the row of a score that is no finite number, or what must be said.
    """
    file = classifier.file
    check_size(file, classifier.file_input, pictures.shape[1:], classifier.options)
    raw = raw_scores(classifier, pictures, what=file.path.name)
    broken = ~np.isfinite(raw).all(axis=1)
    if broken.any():
        raise InputError(
            f"{file.path} gives no finite number for {broken.sum():,} pictures, first for "
            f"{str(rows.ids[broken.argmax()])!r}. Does it compute in half precision, which ends "
            f"at 65,504? Are {spelt('scale')}, {spelt('mean')} and {spelt('std')} those of its "
            "training?"
        )
    found = as_probabilities(raw, classifier.options, file, classifier.output)
    room = 0.0 if classifier.options.logits else slack_of(raw)
    return replace(rows, probabilities=found[:, order], model=file.sha256, slack=room)


def input_of_batch(
    classifier: Classifier, pictures: np.ndarray, batch: int
) -> dict[str, np.ndarray]:
    """Return the input of one timed run.

    Raises:
        ValueError: If the file does not take so many pictures at once.
    """
    most = classifier.file_input.batch or (1 if classifier.alone else None)
    if most not in (None, batch):
        raise InputError(
            f"a rule on latency has batch {batch}, but {classifier.file.path} takes {most} "
            f"pictures a run. Write batch: {most}."
        )
    chosen = pictures[np.arange(batch) % len(pictures)]
    return classifier.file_input.inputs(chosen)


def raw_scores(classifier: Classifier, pictures: np.ndarray, what: str = "") -> np.ndarray:
    """Return what a file gives for pictures, ``(pictures, columns)``.

    Raises:
        ValueError: If it cannot be asked, or gives no scores, or more for one than for another.
    """
    size = per_run(classifier, pictures)
    starts = range(0, len(pictures), size)
    runs = track(starts, what, len(starts)) if what else starts
    found = [_run(classifier, pictures[s : s + size]) for s in runs]
    lengths = [len(one[0]) for one in found]
    if min(lengths) < max(lengths):
        raise InputError(
            f"{classifier.file.path} gives {classifier.output.name!r} of {min(lengths)} numbers "
            f"for some pictures, of {max(lengths)} for others; needed is one score, or one a "
            f"class, for each. {other_outputs(classifier.file, classifier.output)}"
        )
    return np.concatenate(found)


def per_run(classifier: Classifier, pictures: np.ndarray) -> int:
    """Return how many pictures each run takes."""
    if classifier.file_input.batch or classifier.alone:
        return classifier.file_input.batch or 1
    height, width = pictures.shape[1:3]
    return max(1, min(MOST, PIXELS // (height * width)))


def _run(classifier: Classifier, pictures: np.ndarray) -> np.ndarray:
    """Ask about as many pictures as a run takes; what lacks in the last is filled up and cut."""
    file, fixed = classifier.file, classifier.file_input.batch or len(pictures)
    filled = pictures[np.arange(fixed) % len(pictures)] if fixed != len(pictures) else pictures
    given = classifier.file_input.inputs(filled)
    try:
        found = file.session.run([classifier.output.name], given)[0]
    except UNREADABLE as error:
        others = "; ".join(map(str, classifier.file_input.constants))
        raise InputError(
            f"{file.path} cannot be asked about pictures of shape {pictures.shape[1:]}"
            f"{f' with {others}' if others else ''}: {' '.join(str(error).split())[:400]}"
        ) from error
    scores = width_of(found, fixed, file, classifier.output)[: len(pictures)]
    return score_of(scores, classifier.options, file, classifier.output)
