"""Which class each score of an ONNX file stands for."""

from collections.abc import Sequence

from faircompress.auditing.asking import Classifier
from faircompress.auditing.rows import Asked
from faircompress.auditing.spelling import spelt
from faircompress.support.errors import InputError


def classes_of(classifiers: Sequence[Classifier], asked: Asked) -> tuple[str, ...]:
    """Return the names of the classes: as asked, as a file says, or numbers.

    Raises:
        ValueError: If the files name different classes, or one names none, and nobody says which
            hold.
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
    return classes


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
