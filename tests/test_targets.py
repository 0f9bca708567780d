"""A network is cut to milliseconds or megabytes, and the speed-up is found."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from faircompress.compression.channels import Budget, LayerWidths, read_widths
from faircompress.compression.cut import cut
from faircompress.compression.layer_shapes import layer_shapes
from faircompress.compression.limits import Limit
from faircompress.config import params
from faircompress.data.dataset import Facts
from faircompress.export.cut_limit import latency, limit_of, pixels_only
from faircompress.export.layer_times import LayerTimes, layer_times
from faircompress.export.ports import INPUT
from faircompress.export.runtime import session
from faircompress.export.to_onnx import to_onnx
from faircompress.export.trial_cut import corrected, times_as_fast
from faircompress.networks import network
from faircompress.networks.layers import scored
from faircompress.networks.network import Network

PICTURE = torch.zeros(1, 3, 32, 32)
PARAMS = Path(__file__).parent.parent / "params.yaml"
FACTS = Facts(("no", "yes"), (), (32, 32), (0.5,) * 3, (0.25,) * 3, "", {})


def first_first(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    """Score channels by their number and layer, so that layers lose alike."""
    return {
        n: torch.arange(len(m.weight), dtype=torch.float) / len(m.weight)
        for n, m in scored(net).items()
    }


def small() -> Network:
    torch.manual_seed(0)
    return Network(network.build("small", 2).eval(), "small", 2, (0.5,) * 3, (0.25,) * 3)


def channels(widths: LayerWidths) -> float:
    return float(sum(outputs for outputs, _ in widths.values()))


@pytest.mark.parametrize("rounds", [1, 4])
def test_a_cut_uses_its_limit_up_and_no_more(rounds: int) -> None:
    dense = small()
    whole = channels(read_widths(dense.net, PICTURE).layer_widths())
    limit = Limit(channels, whole / 2, "channels", "a test's")
    pruned, done = cut(dense.net, first_first, PICTURE, speedup=99, rounds=rounds, limit=limit)
    left = channels(read_widths(pruned, PICTURE).layer_widths())
    assert left == done.cost
    assert 0.95 * whole / 2 <= left <= whole / 2
    assert done.within


def test_a_limit_out_of_reach_is_refused_with_what_can_be_reached() -> None:
    dense = small()
    least = channels(dict.fromkeys(scored(dense.net), (1, 1))) + 2  # and the head's two
    with pytest.raises(ValueError, match=f"allow it is {least:.3g} channels"):
        cut(
            dense.net, first_first, PICTURE, speedup=2,
            limit=Limit(channels, 2, "channels", "a test's"),
        )  # fmt: skip


def test_a_limit_that_the_dense_network_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match="there is nothing to cut"):
        cut(
            small().net, first_first, PICTURE, speedup=2,
            limit=Limit(channels, 1e6, "channels", "a test's"),
        )  # fmt: skip


def test_the_predicted_megabytes_are_those_of_the_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    target = params.Target(file_mb=0.1)
    limit = limit_of(target, dense := small(), FACTS, "cpu", block=16)
    net, done = cut(dense.net, first_first, PICTURE, speedup=2, rounds=2, limit=limit)
    pruned = Network(net, "small", 2, dense.mean, dense.std)
    content = to_onnx(pruned, FACTS.size, opset=20, words={"params": ""})
    assert done.cost == pytest.approx(len(content) / 1e6, rel=0.02)
    assert 0.095 <= done.cost <= 0.1
    whole = read_widths(net, PICTURE).layer_widths()
    took = latency(layer_shapes(net, PICTURE), whole, content, FACTS.size, "cpu", block=16)
    narrow = {name: (max(1, o // 4), max(1, i // 4)) for name, (o, i) in whole.items()}
    assert 0 < took(narrow) < took(whole)


def test_layers_are_timed_once_and_wider_ones_take_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    dense = small()
    shapes, whole = layer_shapes(dense.net, PICTURE), read_widths(dense.net, PICTURE).layer_widths()
    first = layer_times(shapes, whole, "cpu", block=16, threads=1)
    assert "timed on this machine" in "".join(capsys.readouterr())
    again = layer_times(shapes, whole, "cpu", block=16, threads=1)
    assert "timed on this machine" not in "".join(capsys.readouterr())
    half = {name: (max(1, o // 2), max(1, i // 2)) for name, (o, i) in whole.items()}
    assert first.total(whole) == again.total(whole)
    assert first.total(half) < first.total(whole)


def test_between_measured_widths_a_block_begun_costs_as_much_as_a_full_one() -> None:
    grid = (np.array([16, 32]), np.array([16, 32]), np.array([[1.0, 2.0], [2.0, 4.0]]))
    table = LayerTimes({"conv": grid}, 16)
    assert table.total({"conv": (17, 16)}) == 2.0
    assert table.total({"conv": (32, 20)}) == 4.0
    assert table.total({"conv": (8, 8)}) == 1.0


def test_a_table_that_promises_too_much_is_corrected_by_one_cut_that_is_timed() -> None:
    dense = small()
    start = read_widths(dense.net, PICTURE)
    whole = start.layer_widths()

    def cost(widths: LayerWidths) -> float:  # 10 ms, and 1,000 times less at a tenth of channels
        return 10 * (channels(widths) / channels(whole)) ** 3

    promised = Limit(cost, 1.25, "ms", "a test's")  # a half of the channels: "8 times as fast"
    real = corrected(promised, dense, FACTS, "cpu", floor=0, rounds=1, round_to=1, choices=1)
    assert (real.most, real.cost(whole)) == (1.25, 10)
    half = {name: (outputs / 2, inputs) for name, (outputs, inputs) in whole.items()}
    assert (
        10 * 8**-0.5 < real.cost(half) <= 5.9461
    )  # 10 * 8 ** -0.25: far less than 8 times as fast
    assert dense.net.training is False and read_widths(dense.net, PICTURE).layer_widths() == whole


def test_a_limit_that_only_the_table_finds_out_of_reach_is_tried_at_the_fewest_channels() -> None:
    dense = small()
    whole = read_widths(dense.net, PICTURE).layer_widths()

    def cost(widths: LayerWidths) -> float:  # 10 ms, of which channels save a twentieth
        return 9.5 + 0.5 * channels(widths) / channels(whole)

    hopeless = Limit(cost, 9.0, "ms", "a test's")
    with pytest.raises(ValueError, match=r"9 ms cannot be reached: .* it is 9\.5"):
        cut(dense.net, first_first, PICTURE, speedup=2, limit=hopeless)
    real = corrected(hopeless, dense, FACTS, "cpu", floor=0, rounds=1, round_to=1, choices=1)
    net, done = cut(dense.net, first_first, PICTURE, speedup=2, limit=real)
    assert done.cost is not None and done.cost <= 9.0
    assert channels(read_widths(net, PICTURE).layer_widths()) < channels(whole)


@pytest.mark.parametrize(
    ("predicted", "tried", "real"),
    [
        (4, [], 4),
        (4, [(4, 2)], 2),
        (2, [(4, 2)], 2**0.5),
        (16, [(4, 2)], 4),
        (4, [(4, 0.9)], 4**0.25),  # a fourth of the saving at least, in the logarithm
        (1.1, [(1.1, 3)], 3),
        (1.21, [(1.1, 3)], 3 * 1.1**4),  # four times it at most, beyond what was tried
        (2, [(4, 2), (2, 1.8)], 1.8),
        (8, [(4, 3.6), (2, 1.8)], 7.2),  # on as between the two
        (0.5, [(4, 2)], 0.5**0.5),
    ],  # fmt: skip
)
def test_a_table_is_read_by_what_was_tried_along_lines_in_both_logarithms(
    predicted: float, tried: list[tuple[float, float]], real: float
) -> None:
    assert times_as_fast(predicted, tried) == pytest.approx(real)


def test_a_table_that_is_wrong_in_another_way_at_each_size_is_tried_more_than_once() -> None:
    dense = small()
    whole = channels(read_widths(dense.net, PICTURE).layer_widths())
    asked = []

    def cost(widths: LayerWidths) -> float:  # 10 ms, of which channels save a tenth
        asked.append(channels(widths))
        return 9 + channels(widths) / whole

    hopeless = Limit(cost, 5.0, "ms", "a test's")
    real = corrected(hopeless, dense, FACTS, "cpu", floor=0, rounds=1, round_to=1, choices=1)
    net, done = cut(dense.net, first_first, PICTURE, speedup=2, limit=real)
    assert done.cost is not None and done.cost <= 5.0
    left = channels(read_widths(net, PICTURE).layer_widths())
    assert min(asked) < left < whole  # first as far as it goes, then back to what is asked


def test_shapes_of_layers_are_read_as_they_compute() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding="valid"), nn.Conv2d(8, 8, 5, padding="same", groups=8),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
    )  # fmt: skip
    found = layer_shapes(net, PICTURE)
    assert [found["0"].padding, found["0"].sides, found["0"].kernel_size] == [
        (0, 0),
        ((32, 32),),
        9,
    ]
    assert [found["1"].padding, found["1"].depthwise, found["1"].sides] == [
        (2, 2),
        True,
        ((15, 15),),
    ]
    assert [found["4"].kernel, found["4"].sides] == [(), ((1, 1),)]


def test_pixels_alone_become_planes() -> None:
    pictures = np.full((1, 4, 4, 3), 3, np.uint8)
    (planes,) = session(pixels_only((4, 4)), "cpu", threads=1).run(None, {INPUT: pictures})
    assert planes.shape == (1, 3, 4, 4)
    assert (planes == 2.0).all()  # 3 * .5 + .5


def test_a_target_is_one_of_three_and_a_speed_up_is_the_plain_one() -> None:
    plain = params.load(PARAMS, ["prune.target={speedup: 8}"]).prune
    assert (plain.speedup, plain.target) == (8, None)
    timed = params.load(PARAMS, ["prune.target={latency_ms: 12}"])
    assert str(timed.prune.target) == "12 ms"
    assert timed.title.endswith("12 ms")
    with pytest.raises(params.BadParams, match="one of speedup, latency_ms and file_mb"):
        params.load(PARAMS, ["prune.target={latency_ms: 12, file_mb: 2}"])
    with pytest.raises(params.BadParams, match="greater than 0"):
        params.load(PARAMS, ["prune.target={file_mb: 0}"])
