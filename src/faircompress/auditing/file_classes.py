"""Which class each score of an ONNX file stands for."""

import shlex
from collections.abc import Sequence

import numpy as np

from faircompress.auditing.asking import Classifier
from faircompress.auditing.onnx_files import OnnxFile
from faircompress.auditing.rows import Asked
from faircompress.auditing.spelling import spelt
from faircompress.data.negative_words import negative_first
from faircompress.support.errors import InputError


def classes_of(classifiers: Sequence[Classifier], asked: Asked) -> tuple[str, ...]:
    """Return the names of the classes: as asked, as a file says, or numbers.

    Raises:
        ValueError: If the files name different classes, or one names none, and nobody says which
            hold; or if nothing says which of two is the positive.
    """
    if asked.classes:
        return asked.classes
    named = [(one.file, one.classes) for one in classifiers if one.classes]
    numbers = tuple(str(k) for k in range(max(2, classifiers[0].columns)))
    if not named:
        return numbers
    silent = [one.file.path for one in classifiers if not one.classes]
    if silent and named[0][1] != numbers:
        raise InputError(
            f"{named[0][0].path} names its classes {', '.join(named[0][1])}; {silent[0]} names "
            f"none. Name them in the order of its scores: {spelt('classes')}."
        )
    (first, classes), (last, others) = named[0], named[-1]
    if set(classes) != set(others):
        ours, theirs = (", ".join(names) for names in (classes, others))
        raise InputError(
            f"{first.path} names its classes {ours}, {last.path} {theirs}. If they are the same "
            f"classes in this order, name them: {spelt('classes')}."
        )
    if len(classes) == 2:
        _refuse_no_as_positive(first, classes, others)
    return classes


def _refuse_no_as_positive(
    file: OnnxFile, classes: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """Refuse an order of two classes that does not tell which is the positive.

    Raises:
        ValueError: If the word that says no stands second, or two files order others differently.
    """
    known = negative_first(classes)
    if classes != others and not known or known and classes != known:
        one, other = known or classes
        orders = " and ".join(dict.fromkeys(map(", ".join, (classes, others))))
        raise InputError(
            f"{file.path} names its classes {orders}; which is the positive? Name both, the "
            f"positive second, such as {spelt('classes')} {shlex.quote(f'{one},{other}')}; each "
            "file's own order of scores is kept."
        )


def labels_by_name(
    truth: np.ndarray, asked: Asked, classes: tuple[str, ...], column: str
) -> np.ndarray:
    """Return labels as names of classes, where they are numbers of scores.

    Args:
        truth: Labels as they stand in the table.
        asked: What was asked for.
        classes: Names of the classes.
        column: Where the labels stand, for messages.

    Raises:
        ValueError: If no label, or only some, are among names that a file gives its scores, and
            these are numbers: label 1 may be the class 1, or the second.
    """
    labels = set(truth.tolist())
    if labels <= set(classes):
        return truth
    numbers = all(name.isdigit() for name in (*labels, *classes))
    counted = classes == tuple(str(k) for k in range(len(classes)))
    if numbers and not asked.classes and not counted:
        raise InputError(
            f"{spelt('label')}: {column} holds {', '.join(sorted(labels, key=int)[:5])}, but a "
            f"file names its classes {', '.join(classes[:10])}. Correct the labels; if they count "
            f"the scores, name the classes as labels do, in the order of the scores: "
            f"{spelt('classes')} {','.join(str(k) for k in range(len(classes)))}."
        )
    if labels & set(classes):
        return truth
    names = {str(k): name for k, name in enumerate(classes)}
    return np.array([names.get(one, one) for one in truth])


def order_of(classifier: Classifier, classes: tuple[str, ...]) -> list[int]:
    """Return which of a file's scores stands for each class.

    Raises:
        ValueError: If it gives more or fewer scores than there are classes.
    """
    own, columns = classifier.classes, max(2, classifier.columns)
    if columns != len(classes):
        raise InputError(
            f"{classifier.file.path} gives {classifier.columns} scores a picture "
            f"({classifier.output.name!r}), but there are {len(classes)} classes: "
            f"{', '.join(classes[:10])}. Give a file of these classes, or name those of its scores "
            f"in order: {spelt('classes')}."
        )
    named = own if set(own) == set(classes) else classes  # else own names are other words
    return [named.index(name) for name in classes]
