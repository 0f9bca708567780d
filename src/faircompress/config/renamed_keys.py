"""Keys of params.yaml that have another place or name now."""

from collections.abc import Mapping
from typing import Any

RENAMED = {  # section, key -> where it is now, and why
    ("gate", "threshold"): ("export.threshold", "the operating point is folded into the files"),
    ("prune", "floor"): ("prune.min_channels", "a floor was also a rule"),
    ("prune", "tuning"): ("prune.finetune", "tuning also meant a search"),
    ("checks", "min_cell"): ("checks.min_subgroup", "a label in a group is a subgroup"),
    ("checks", "absent_cells"): ("checks.absent_subgroups", "a label in a group is a subgroup"),
}


def found_in(raw: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each old key in params, with the new one to write instead.

    Args:
        raw: Params as they were read: section -> key -> value.
    """
    return [
        f"{section}.{key}: is now {new}, since {why}. Write {new}: {old[key]}, or leave it out for "
        "the default."
        for (section, key), (new, why) in RENAMED.items()
        if isinstance(old := raw.get(section), dict) and key in old
    ]
