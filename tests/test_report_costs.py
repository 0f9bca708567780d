"""What the report says of size, speed and layers."""

from test_report import LATENCY, LAYERS

from faircompress.report import cost_plots as costs


def test_speed_is_measured_against_what_the_multiply_adds_promise() -> None:
    found = costs.cost({"dense": 9000, "pruned": 1000}, LAYERS, LATENCY)
    assert found is not None
    rows = {row[0]: row for row in found["table"]}
    assert rows["Multiply-adds"][1:4] == ["8 k", "500", "16\N{MULTIPLICATION SIGN}"]
    assert rows["ONNX file"][1:4] == ["9 kB", "1 kB", "9\N{MULTIPLICATION SIGN}"]
    assert "0.62 of the promised speed-up" in rows["Latency, batch 64"][4]  # 10 of 16
    assert costs.cost({}, [], {}) is None


def test_what_was_cut_stands_in_a_table_by_layer() -> None:
    wide = {**LAYERS[0], "layer": "head", "dense_channels": 1600, "pruned_channels": 800}
    found = costs.cut([*LAYERS, wide])
    assert found is not None
    assert found["columns"][:4] == [
        "Layer",
        "Channels, dense",
        "Channels, pruned",
        "Weights, dense",
    ]
    assert found["table"][0] == ["stem", "16", "4", "400", "100", "8,000", "500"]
    assert found["table"][1][:3] == ["head", "1,600", "800"]
    assert [bar["pruned"] for bar in found["bars"]] == [0.25, 50]  # percent of the widest
    assert costs.cut([]) is None
