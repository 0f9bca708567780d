"""What the report says of size, speed and layers."""

from report_pairs import LATENCY, LAYERS, PARITY

from faircompress.evaluation.captions import CHAIN, Captions
from faircompress.report import cost_plots as costs


def test_speed_is_measured_against_what_the_multiply_adds_promise() -> None:
    found = costs.cost({"dense": 9000, "pruned": 1000}, LAYERS, LATENCY, CHAIN)
    assert found is not None
    rows = {row[0]: row for row in found["table"]}
    assert rows["Multiply-adds"][1:4] == ["8 k", "500", "16\N{MULTIPLICATION SIGN}"]
    assert rows["ONNX file"][1:4] == ["9 kB", "1 kB", "9.0\N{MULTIPLICATION SIGN}"]
    assert "0.62 of the promised speed-up" in rows["Latency, batch 64"][4]  # 10 of 16
    assert costs.cost({}, [], {}, CHAIN) is None


def test_what_was_cut_stands_in_a_table_by_layer() -> None:
    wide = {**LAYERS[0], "layer": "head", "dense_channels": 1600, "pruned_channels": 800}
    found = costs.cut([*LAYERS, wide], CHAIN)
    assert found is not None
    assert found["columns"][:4] == [
        "Layer",
        "Channels, dense",
        "Channels, pruned",
        "Weights, dense",
    ]
    assert found["table"][0] == ["stem", "16", "4", "400", "100", "8,000", "500"]
    assert found["table"][1][:3] == ["head", "1,600", "800"]
    assert [bar["candidate"] for bar in found["bars"]] == [0.25, 50]  # percent of the widest
    assert costs.cut([], CHAIN) is None


def test_an_audit_calls_models_and_rows_as_its_captions_say() -> None:
    layers = costs.cut(LAYERS, Captions())
    found = costs.cost({}, LAYERS, {}, Captions())
    assert layers is not None and layers["columns"][1:3] == [
        "Channels, baseline",
        "Channels, candidate",
    ]
    assert found is not None and found["table"][0][4] == "for one row"
    parity = costs.parity(PARITY, Captions())
    assert parity is not None and "every validation and test row:" in parity["sentence"]
