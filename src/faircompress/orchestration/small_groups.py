"""Which groups are too small to be judged, said after the data are checked and before training."""

import pyarrow.parquet as pq
from prefect import get_run_logger

from faircompress.data.dataset import OWN_COLUMNS, TABLE, load_facts
from faircompress.evaluation.too_small import of_rows
from faircompress.orchestration.workspace import Workspace


def tell_small_groups(workspace: Workspace) -> None:
    """Warn of groups of the test split that no rule of the gate can pass, and say what would do."""
    folder = workspace.artifacts / "validate"
    facts = load_facts(folder)
    groups = [name for name in facts.groups if name != "label"]
    columns = [name for name in OWN_COLUMNS if name not in ("image", "sha256")]
    rows = pq.read_table(folder / TABLE, columns=[*columns, *groups]).to_pandas()
    gate = workspace.params().gate
    words = of_rows(rows, facts.classes, facts.groups, gate, facts.max_weight)
    if words:
        get_run_logger().warning(words)
