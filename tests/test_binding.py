"""A rule that can bind no group is refused by ``params``, before hours are spent on training."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT

from faircompress.config.new_project import ONLY_LABEL, Source, configured
from faircompress.config.params import check, load
from faircompress.config.presets import preset
from faircompress.config.rules import Gate
from faircompress.data.sources.table import table
from faircompress.evaluation.too_small import of_data
from faircompress.support.errors import InputError


def project(kind: str, **options: object) -> Gate:
    """Return the gate of a project as ``init`` writes it."""
    source = Source(kind, options=options)
    text = configured((ROOT / "params.yaml").read_text(), source, name="mine", model=None)
    return check(yaml.safe_load(text)).gate


@pytest.mark.parametrize("classes", [2, 4])
def test_the_rules_that_init_writes_bind_the_groups_that_it_writes(
    tmp_path: Path, classes: int
) -> None:
    rows = pd.DataFrame({"image": [f"{n}.png" for n in range(1200)]})
    rows["label"], rows["sex"] = np.arange(1200) % classes, np.where(rows.index % 3, "f", "m")
    rows["split"] = np.where(rows.index % 2, "test", "train")
    rows["label"] = rows["label"].sample(frac=1, random_state=1).to_numpy()
    rows.to_csv(tmp_path / "data.csv", index=False)
    for groups in (ONLY_LABEL, {"sex": {}}):
        raw = table(root=str(tmp_path), groups=groups, split="split")
        gate = project("table", groups=groups, label="label")
        of_data(raw, gate=gate)  # raises nothing
    written = {(rule.rule, rule.metric) for rule in gate.harm_rules}
    raw = table(root=str(tmp_path), groups=ONLY_LABEL, split="split")
    cross = ("change", "cross_group_auroc")
    assert cross in written  # of groups beside the classes
    only = [r for r in gate.harm_rules if (r.rule, r.metric) == cross]
    with pytest.raises(InputError, match=r"rule change on cross_group_auroc binds no group.*Leave"):
        of_data(raw, gate=gate.model_copy(update={"rules": only}))


def test_the_rules_of_the_presets_of_cifar10_are_those_of_params_that_bind_its_classes() -> None:
    found = load(ROOT / "params.yaml", preset(ROOT / "presets.yaml", ["cifar10-1"])).gate.rules
    usual = load(ROOT / "params.yaml").gate.rules
    assert found == [r for r in usual if getattr(r, "metric", "") != "cross_group_auroc"]
    assert len(found) == len(usual) - 1


def test_a_rule_on_a_column_that_is_not_there_is_refused_too(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"image": [f"{n}.png" for n in range(400)], "label": np.arange(400) // 2 % 2}
    )
    rows["sex"], rows["split"] = np.where(rows.index % 3, "f", "m"), "test"
    rows.loc[rows.index % 4 == 0, "split"] = "train"
    rows.to_csv(tmp_path / "data.csv", index=False)
    raw = table(root=str(tmp_path), groups={"sex": {}}, split="split")
    gate = project("table", groups={"sex": {}}, label="label")
    rule = gate.harm_rules[0].model_copy(update={"groups": ["skin"]})
    with pytest.raises(InputError, match="names group column skin; the predictions have sex"):
        of_data(raw, gate=gate.model_copy(update={"rules": [rule]}))
