"""The last layer, fitted anew on cells that count alike; and what no head can be fitted to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from faircompress.config import params, plugins
from faircompress.config.params import Prune
from faircompress.data.dataset import Facts, Split
from faircompress.data.predicting import predictions_of
from faircompress.evaluation.operating_point import split_validation
from faircompress.export.folding import unfitted
from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.networks.outputs import adapt
from faircompress.networks.prototypes import Prototypes
from faircompress.report.about import about
from faircompress.stages.prune import with_head
from faircompress.training.balanced_rows import balanced_rows, cells_of
from faircompress.training.heads import Known
from faircompress.training.heads.dfr import dfr
from faircompress.training.heads.dpe import dpe
from faircompress.training.l1_logistic import l1_logistic
from faircompress.training.refitting import refuse_no_layer, with_layer

PARAMS = Path(__file__).parents[1] / "params.yaml"


def known(rows: int = 240, classes: int = 2, seed: int = 0) -> Known:
    """Return people whose first feature says the group, which goes with the label; others weakly
    say the label itself."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    group = np.where(rng.random(rows) < 0.9, labels % 2, 1 - labels % 2)
    features = rng.normal(size=(rows, 6)) + np.linspace(0, 2, 6)
    features[:, 0] += 6 * group
    features[np.arange(rows), 1 + labels] += 1.5
    return Known(
        features,
        labels,
        {"hair": group, "skin": rng.integers(0, 2, rows)},
        np.arange(rows),
        classes,
    )


@pytest.mark.parametrize(("classes", "c"), [(2, 0.1), (2, 1.0), (3, 0.3)])
def test_the_regression_is_the_one_that_scikit_learn_finds(classes: int, c: float) -> None:
    told = known(classes=classes)
    features = StandardScaler().fit_transform(told.features)
    weights, intercepts = l1_logistic(features, told.labels, classes, c)
    theirs = LogisticRegression(
        penalty="elasticnet",
        l1_ratio=1,
        solver="saga",
        C=c,
        tol=1e-9,
        max_iter=20_000,
        random_state=0,
    ).fit(features, told.labels)
    ours = features @ weights.T + intercepts
    wanted = theirs.decision_function(features)
    if classes == 2:
        wanted = np.stack([0 * wanted, wanted], axis=1)
    else:  # a constant for all classes says nothing
        wanted, ours = (x - x.mean(1, keepdims=True) for x in (wanted, ours))
    assert np.abs(ours - wanted).max() < 1e-4


def test_a_strong_penalty_leaves_no_weight_but_the_share_of_each_class() -> None:
    told = known()
    weights, intercepts = l1_logistic(told.features, told.labels, 2, 1e-6)
    share = told.labels.mean()
    assert np.abs(weights).max() == 0
    assert intercepts[1] == pytest.approx(np.log(share / (1 - share)), abs=1e-3)


def test_a_balanced_sample_has_as_many_of_each_part_as_the_rarest_has_and_nobody_twice() -> None:
    parts = np.array([0] * 9 + [1] * 4 + [2] * 30)
    rows = balanced_rows(parts, np.random.default_rng(0))
    assert np.bincount(parts[rows]).tolist() == [4, 4, 4]
    assert len(set(rows)) == 12


def test_dfr_is_the_mean_of_scikit_learns_regressions_on_the_same_balanced_samples() -> None:
    told, rng = known(), np.random.default_rng(7)
    layer = dfr(told, seed=7, columns=["hair"], subsamples=3, c=0.3)
    scaler = StandardScaler().fit(told.features)
    cells, fits = told.groups["hair"] * 2 + told.labels, []
    for _ in range(3):
        rows = balanced_rows(cells, rng)
        fit = LogisticRegression(
            penalty="elasticnet", l1_ratio=1, solver="saga", C=0.3, tol=1e-9, max_iter=20_000
        )
        fits.append(fit.fit(scaler.transform(told.features[rows]), told.labels[rows]))
    wanted = np.mean([fit.decision_function(scaler.transform(told.features)) for fit in fits], 0)
    with torch.no_grad():
        said = layer(torch.from_numpy(told.features).float()).numpy()
    assert np.abs((said[:, 1] - said[:, 0]) - wanted).max() < 1e-3


def worst_cell(layer: torch.nn.Linear, told: Known) -> float:
    with torch.no_grad():
        decided = layer(torch.from_numpy(told.features).float()).argmax(1).numpy()
    cells = told.groups["hair"] * 2 + told.labels
    return min((decided == told.labels)[cells == cell].mean() for cell in np.unique(cells))


def test_cells_that_count_alike_take_the_shortcut_out_of_the_last_layer() -> None:
    told, others = known(600), known(2000, seed=1)
    plain = plain_layer(told)
    assert worst_cell(plain, others) < 0.65
    assert worst_cell(dfr(told, seed=1, columns=["hair"]), others) > 0.75


def plain_layer(told: Known) -> torch.nn.Linear:
    layer = torch.nn.Linear(told.features.shape[1], told.classes)
    weights, intercepts = l1_logistic(told.features, told.labels, told.classes, 1.0)
    layer.weight.data, layer.bias.data = (
        torch.from_numpy(values).float() for values in (weights, intercepts)
    )
    return layer


@pytest.mark.parametrize("name", plugins.names("heads"))
def test_every_head_is_the_same_for_the_same_seed_and_gives_a_logit_a_class(name: str) -> None:
    told, fit = known(300, classes=3), plugins.find("heads", name)
    told = replace(told, groups={"hair": told.groups["skin"]})
    first, again = fit(told, seed=3), fit(told, seed=3)
    if first is None:
        return
    x = torch.from_numpy(told.features).float()
    with torch.no_grad():
        assert torch.equal(first(x), again(x))
        assert first(x).shape == (300, 3) and torch.isfinite(first(x)).all()


def test_one_group_a_rare_cell_and_an_unknown_column_are_refused_with_what_to_do() -> None:
    told = known()
    alone = Known(told.features, told.labels, {}, told.people, 2)
    with pytest.raises(ValueError, match="dfr balances cells .* one group"):
        dfr(alone, seed=1)
    with pytest.raises(ValueError, match=r"prune.head.dpe.columns names 'age'.*hair, skin"):
        dpe(told, seed=1, balance="cells", columns=["age"])
    few = np.flatnonzero((told.groups["hair"] == told.labels) | (np.arange(240) < 12))
    part = Known(told.features[few], told.labels[few],
                 {"hair": told.groups["hair"][few]}, told.people[few], 2)  # fmt: skip
    with pytest.raises(ValueError, match="rarest has, and that has . among"):
        cells_of(part, [], "dfr")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dfr", {"subsamples": 0}),
        ("dfr", {"c": 0}),
        ("dpe", {"sets": 0}),
        ("dpe", {"balance": "people"}),
        ("dpe", {"lr": 0}),
        ("dpe", {"diversity": -1}),
    ],
)
def test_options_out_of_bounds_are_refused(name: str, options: dict[str, object]) -> None:
    plugins.choice("heads").model_validate({"name": name})
    with pytest.raises(ValidationError, match=next(iter(options))):
        plugins.choice("heads").model_validate({"name": name, name: options})


def pictures(rows: int = 320) -> Split:
    """Pictures whose brightness tells their label, of two people each, hair at random."""
    rng = np.random.default_rng(0)
    labels = np.arange(rows) % 2
    images = rng.integers(0, 120, (rows, 32, 32, 3)) + 60 * labels.reshape(-1, 1, 1, 1)
    hair = rng.choice(["long", "short"], rows)
    table = pd.DataFrame(
        {"id": [f"p{i}" for i in range(rows)], "identity": [f"who{i // 2}" for i in range(rows)],
         "label": labels, "hair": hair}
    )  # fmt: skip
    return Split(table, images.astype(np.uint8), labels, (hair == "short").astype(int), 2)


FACTS = Facts(("dark", "blond"), ("hair",), (32, 32), (0.5,) * 3, (0.25,) * 3, "d", {})


def pruning(head: str) -> Prune:
    chosen = params.load(PARAMS, [f"prune.head.name={head}"]).prune
    assert isinstance(chosen, Prune)
    return chosen


def small(classes: int = 2) -> Network:
    torch.manual_seed(0)
    net = networks.build("small", classes).eval()
    return Network(net, "small", classes, (0.5,) * 3, (0.25,) * 3)


@pytest.mark.parametrize("name", ["dfr", "dpe"])
def test_people_who_choose_the_threshold_have_no_say_in_the_last_layer(name: str) -> None:
    whole = pictures()
    decide = split_validation(whole.rows["id"].to_numpy(), whole.rows["identity"].to_numpy())[1]
    others = replace(
        whole,
        images=np.where(decide[:, None, None, None], 255 - whole.images, whole.images),
        labels=np.where(decide, 1 - whole.labels, whole.labels),
    )
    found = [with_head(small(), split, pruning(name), FACTS, torch.device("cpu"))
             for split in (whole, others)]  # fmt: skip
    one, other = (network.net.state_dict() for network, _ in found)
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert found[0][1]["accuracy/all"] > 0.9  # taken on these people alone
    assert found[1][1]["accuracy/all"] < 0.9
    before = small().net.state_dict()
    assert all(torch.equal(before[key], one[key]) for key in before if not key.startswith("7."))


def test_a_search_asks_the_people_who_did_not_fit_the_last_layer() -> None:
    split = pictures()
    rows = split.rows.assign(weight=1.0, split="validation")
    told = predictions_of(replace(split, rows=rows), np.full((320, 2), 0.5), FACTS, "m")
    tune, _ = split_validation(told.ids, told.identities)
    assert set(unfitted(told).ids) == set(told.ids[~tune]) and 0 < tune.sum() < 320


def test_one_logit_of_two_classes_is_fitted_as_the_difference_of_two() -> None:
    one = adapt(nn.Sequential(nn.Flatten(), nn.Linear(12, 1)), 2)
    network = Network(one, "brought", 2, (0.5,) * 3, (0.25,) * 3)
    refuse_no_layer(one, torch.zeros(1, 3, 2, 2), "dfr")
    layer = nn.Linear(12, 2)
    x = torch.randn(5, 12)
    with torch.no_grad():
        said = with_layer(network, layer).net(x.view(5, 3, 2, 2))
        wanted = layer(x)
    assert torch.allclose(said[:, 1] - said[:, 0], wanted[:, 1] - wanted[:, 0], atol=1e-6)
    with pytest.raises(ValueError, match="dpe gives 2 logits, and 1 of brought gives 1"):
        with_layer(network, Prototypes(12, 2))


class Scaled(nn.Module):
    """Ends in something behind its last linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = 3 * self.last(x.flatten(1))
        return found


@pytest.mark.parametrize(
    ("net", "why"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 2, bias=False)), "Linear without bias"),
        (nn.Sequential(nn.Conv2d(3, 2, 2), nn.Flatten()), "its last layer is Conv2d"),
        (Scaled(), "not what its last linear layer gives"),
    ],
)
def test_a_network_that_does_not_end_in_a_linear_layer_is_refused(net: nn.Module, why: str) -> None:
    with pytest.raises(ValueError, match=f"prune.head.name dfr .* but .*{why}"):
        refuse_no_layer(net, torch.ones(1, 3, 2, 2), "dfr")


def test_a_split_of_one_person_is_refused() -> None:
    split = pictures(40)
    alone = replace(split, rows=split.rows.assign(identity="who0"))
    with pytest.raises(ValueError, match="the other half looks at it; of 40 rows (0|40) are"):
        with_head(small(), alone, pruning("dfr"), FACTS, torch.device("cpu"))


def test_the_verdicts_page_names_the_repair_the_head_and_sharpness_aware_steps() -> None:
    plain = params.load(PARAMS)
    changed = params.load(PARAMS, ["prune.head.name=dfr", "prune.sam=0.05", "prune.repair=9"])
    words = [dict(fact[:2] for fact in about(chosen, "d"))["Method"] for chosen in (plain, changed)]
    assert words[1] == f"{words[0]}, repaired, sharpness-aware, dfr"
