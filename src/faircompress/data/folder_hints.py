"""What lies beside a user's pictures and may say what they show, for errors that name the cure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ANNOTATED = {".txt": "YOLO's .txt", ".xml": "VOC's .xml"}  # one for each picture


@dataclass(frozen=True)
class Hints:
    """What an error about a folder can point at.

    Args:
        home: The folder.
        tables: Paths under it; ".": tables in its folders of splits.
        annotations: A sentence on files about objects in pictures, after a blank; or nothing.
    """

    home: Path
    tables: Sequence[str]
    annotations: str

    @property
    def table(self) -> str:
        """Return the option that names the first table, after a blank."""
        return f" --table {self.home / self.tables[0]}"


def annotated(found: Sequence[str], pictures: Sequence[str]) -> str:
    """Say that objects in pictures are annotated, if files are named as those formats have them.

    Args:
        found: All paths of a folder.
        pictures: Those of pictures.
    """
    stems = {PurePosixPath(path).stem for path in pictures}
    beside = {
        end: {PurePosixPath(path).stem for path in found if path.lower().endswith(end)} & stems
        for end in ANNOTATED
    }
    kinds = [ANNOTATED[end] for end, same in beside.items() if len(same) > len(stems) / 2]
    kinds += ["COCO's .json"] if any(map(_of_coco, found)) else []
    if not kinds:
        return ""
    return (
        f" Beside the pictures lie annotations of objects in them ({', '.join(kinds)}), which may "
        "be several a picture. Needed is one label a picture: write a table with the columns "
        "picture and label, and name it by --table."
    )


def _of_coco(path: str) -> bool:
    name = path.lower()
    return name.endswith(".json") and ("instances_" in name or "annotations" in name)
