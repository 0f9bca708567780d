"""A first try of an ONNX file: on one picture, then on a few that differ."""

from dataclasses import replace

import numpy as np

from faircompress.auditing.asking import Classifier, per_run, raw_scores
from faircompress.auditing.feeding import check_size
from faircompress.auditing.file_options import FileOptions
from faircompress.auditing.onnx_files import TABLE_INSTEAD, OnnxFile
from faircompress.auditing.scores import as_probabilities, output_of
from faircompress.auditing.taking import input_of
from faircompress.data.pictures import Pixels
from faircompress.support.errors import InputError

SAME = 1e-4  # of the largest score: what kernels for other batches may change
LOOKED_AT = 256  # pictures of a table among which the most different are chosen
FEW = 8  # pictures that are asked about together and alone


def tried(file: OnnxFile, options: FileOptions, picture: Pixels) -> Classifier:
    """Ask a file about one picture, which shows most of what could be wrong with it.

    The picture, its negative and the picture with half its contrast are asked about singly and
    together: the first two have one range, the third another. Where that makes a difference (the
    batch is written into the network, or an operator looks at all of it), each picture is asked
    about alone from then on.

    Args:
        file: The file.
        options: What is said of it.
        picture: uint8 ``(height, width, 3)``, of the size in which it is asked.

    Raises:
        ValueError: If it cannot be asked, or what it takes or gives must be said (names the
            option), or it does not give a picture the same scores twice.
    """
    file_input = input_of(file, options, picture.shape[:2])
    output = output_of(file, options.output)
    check_size(file, file_input, picture.shape, options)
    single = Classifier(file, options, file_input, output, 0, alone=file_input.batch is None)
    first = raw_scores(single, picture[None])
    if np.isfinite(first).all():  # else the first row is named when all are asked
        as_probabilities(first, options, file, output)
    single = replace(single, columns=first.shape[1])
    probes = np.stack([picture, 255 - picture, picture // 2 + 64])
    apart = _apart(single, probes)
    if file_input.batch is not None:
        if not _alike(_mixed(single, probes), apart):
            _refuse_mixing(single)
        return single
    many = replace(single, alone=False)
    try:
        together = _mixed(many, probes)
    except InputError:  # the batch of 1 is written into the network, whatever its input says
        return single
    return many if _alike(together, apart) else single


def settled(classifier: Classifier, pictures: np.ndarray) -> Classifier:
    """Ask a file about a few pictures of a table together and each alone.

    One picture and what is made of it cannot show everything that pictures do to each other, and a
    few not what many do: so they are also asked about in runs as large as those of the table.

    Args:
        classifier: A file that was tried on one picture.
        pictures: uint8 ``(rows, height, width, 3)``, of the size in which it is asked.

    Returns:
        The file as it is to be asked: alone, where pictures change each other's scores.

    Raises:
        ValueError: If they do so in a fixed batch, or a picture gets other scores each time.
    """
    batch = classifier.file_input.batch
    if classifier.alone or batch == 1 or len(pictures) < 2:
        return classifier
    check_size(classifier.file, classifier.file_input, pictures.shape[1:], classifier.options)
    places = _different(pictures)
    probes = pictures[places]
    single = replace(classifier, alone=batch is None)
    apart = _apart(single, probes)
    try:
        together = [raw_scores(classifier, probes)]
        if batch is None:
            together += _in_runs_of_the_table(classifier, pictures, places)
    except InputError:
        return single
    if all(_alike(one, apart[: len(one)]) for one in together):
        return classifier
    if batch is not None:
        _refuse_mixing(classifier)
    return single


def _in_runs_of_the_table(
    classifier: Classifier, pictures: np.ndarray, places: list[int]
) -> list[np.ndarray]:
    """Return the scores of a few pictures in runs of as many as all runs and the last will take."""
    most, count = per_run(classifier, pictures), len(pictures)
    others = np.setdiff1d(np.arange(min(count, most + len(places))), places)
    order = np.concatenate([places, others]).astype(int)
    runs = {min(most, count), count % most or min(most, count)}
    return [raw_scores(classifier, pictures[order[:size]])[: len(places)] for size in sorted(runs)]


def _apart(single: Classifier, probes: np.ndarray) -> np.ndarray:
    """Return the scores of each picture without the others; refuse what differs the second time."""
    once = _each(single, probes)
    again = _each(single, probes)
    if not _alike(once, again):
        bad = ~np.isclose(once, again, rtol=0, atol=_room(once), equal_nan=True)
        row, column = (int(place[0]) for place in np.nonzero(bad))
        raise InputError(
            f"{single.file.path} gives other scores for the same picture when it is asked twice "
            f"({once[row, column]:.4g}, then {again[row, column]:.4g}), so it has no score to "
            "audit. Does it draw random numbers, as in training? Export it as it is used, such as "
            f"after eval(), or {TABLE_INSTEAD}."
        )
    return once


def _each(single: Classifier, probes: np.ndarray) -> np.ndarray:
    if single.alone:
        return raw_scores(single, probes)
    parts = [np.repeat(one[None], per_run(single, probes), axis=0) for one in probes]
    return raw_scores(single, np.concatenate(parts))[:: per_run(single, probes)]


def _mixed(classifier: Classifier, probes: np.ndarray) -> np.ndarray:
    """Return the scores of each picture as the first of a run with the others."""
    most = min(len(probes), per_run(classifier, probes))
    runs = [np.roll(probes, -k, axis=0)[:most] for k in range(len(probes))]
    return np.concatenate([raw_scores(classifier, run)[:1] for run in runs])


def _different(pictures: np.ndarray) -> list[int]:
    """Return a few rows: of least and most contrast, the darkest and brightest, and others."""
    rows = np.unique(np.linspace(0, len(pictures) - 1, LOOKED_AT).astype(int))
    flat = [pictures[row].ravel() for row in rows]
    contrast = np.array([int(one.max()) - int(one.min()) for one in flat])
    light = np.array([one.mean() for one in flat])
    ends = [contrast.argmin(), contrast.argmax(), light.argmin(), light.argmax()]
    spread = np.linspace(0, len(rows) - 1, FEW).astype(int)
    return [int(rows[place]) for place in dict.fromkeys([*ends, *spread])][:FEW]


def _refuse_mixing(classifier: Classifier) -> None:
    raise InputError(
        f"{classifier.file.path} takes {classifier.file_input.batch} pictures a run, and what it "
        "gives for one depends on the others: no row has a score of its own. Export it with a "
        f"batch of 1, or {TABLE_INSTEAD}."
    )


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    alike = one.shape == other.shape
    return alike and np.allclose(one, other, rtol=0, atol=_room(other), equal_nan=True)


def _room(scores: np.ndarray) -> float:
    finite = np.abs(scores[np.isfinite(scores)])
    return SAME * max(1.0, float(finite.max(initial=0)))
