"""What is written twice is refused wherever YAML is read, and nothing unfolds without end."""

import time
from pathlib import Path

import pytest

from faircompress.auditing import rules
from faircompress.config import params, presets, yaml_text
from faircompress.config.overrides import refuse_twice
from faircompress.study import plan

PARAMS = Path(__file__).parents[1] / "params.yaml"


def refused(text: str) -> str:
    with pytest.raises(yaml_text.BadYaml) as error:
        yaml_text.parse(text, "some.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", "lines 1 and 3"),
        ("a:\n  - x: {y: 1,\n      z: 2, y: 3}\n", "y", "lines 2 and 3"),
        ("rules:\n- {metric: auroc, limit: 0.1, limit: 0.9}\n", "limit", "line 2"),
        ("names: {1: f, '1': m}\n", "1", "line 1"),
        ("names:\n  true: f\n  True: m\n", "True", "lines 2 and 3"),
        ("b: &b {k: 1}\na:\n  <<: *b\n  <<: *b\n", "<<", "lines 3 and 4"),
        ('"a": 1\na: 2\n', "a", "lines 1 and 2"),
        ("? a\n: 1\n? a\n: 2\n", "a", "lines 1 and 3"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_lines(text: str, key: str, lines: str) -> None:
    said = refused(text)
    assert said.startswith(f"some.yaml: the key {key!r} stands twice, on {lines}.")


def test_every_key_that_stands_twice_is_named() -> None:
    said = refused("a: 1\na: 2\nb:\n  c: 1\n  d: 0\n  c: 2\n")
    assert "'a' stands twice, on lines 1 and 2; the key 'c' stands twice, on lines 4 and 6" in said


def test_a_merged_key_may_be_put_over_and_an_anchor_used_again() -> None:
    text = "base: &base {lr: 1, epochs: 2}\ntrain:\n  <<: *base\n  lr: 3\nagain: *base\n"
    read = yaml_text.parse(text, "some.yaml")
    assert read["train"] == {"lr": 3, "epochs": 2} and read["again"] == read["base"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nepochs: 010\n", "line 2: YAML reads 010 as 8"),
        ("names: {012: dark}\n", "line 1: YAML reads 012 as 10"),
        ("a: 1:30\n", "YAML reads 1:30 as 90"),
        ("drop: [0x1F]\n", "YAML reads 0x1F as 31"),
        ("a: 1_0\n", "YAML reads 1_0 as 10"),
        ("a: 0b11\n", "YAML reads 0b11 as 3"),
        ("a: 1:30.5\n", "YAML reads 1:30.5 as 90.5"),
    ],
)
def test_a_number_that_is_read_otherwise_than_it_looks_is_refused(text: str, said: str) -> None:
    assert said in refused(text)


def test_plain_numbers_and_words_in_quotes_are_read_as_they_look() -> None:
    text = "[0, -1, 0.5, 1.5e-3, 08, '010', \"1:30\", 1e3, 2024-05-01, a_b, 12:xy]"
    read = yaml_text.parse(text, "some.yaml")
    assert read[:7] == [0, -1, 0.5, 0.0015, "08", "010", "1:30"]


def test_an_unknown_key_is_named_whatever_letters_it_is_made_of(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    for key in ("é", "e\u0301", "ключ"):
        file.write_text(f"{key}: 1\nrules: []\n", "utf-8")
        with pytest.raises(ValueError, match=f"gate.{key}: unknown key"):
            rules.gate([], file=file)


def test_aliases_of_aliases_are_refused_before_they_unfold() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 30)]
    start = time.perf_counter()
    assert "aliases written out; at most 100,000" in refused("\n".join(lines))
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &a [1, *a]\n", "an alias holds itself, from line 1 on"),
        ("a: &a {b: *a}\n", "an alias holds itself"),
        ("[" * 5000, "nested too deep"),
        ("a: !!python/object/apply:os.system ['true']\n", "not YAML"),
        ("a: [1\n", "not YAML"),
        ("a: 1\n---\nb: 2\n", "not YAML"),
        ("? [1, 2]\n: 3\n", "not YAML"),
        ("a: 2020-99-99\n", "not YAML"),
    ],
)
def test_what_is_no_plain_finite_yaml_is_refused_in_words(text: str, why: str) -> None:
    assert why in refused(text)


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes("name: Zoë\n".encode("latin-1"))
    with pytest.raises(yaml_text.BadYaml, match=r"p\.yaml is not UTF-8.*save it as UTF-8"):
        yaml_text.read(tmp_path / "p.yaml")


def test_params_presets_plans_and_rules_are_all_read_by_it(tmp_path: Path) -> None:
    twice = "gate: {power: 0.8}\nx:\n  seed: 1\ngate: {power: 0.9}\n"
    for name, read in {
        "params.yaml": params.load,
        "presets.yaml": lambda path: presets.preset(path, ["x"]),
        "study.yaml": plan.read,
        "rules.yaml": lambda path: rules.gate((), file=path),
    }.items():
        (tmp_path / name).write_text(twice)
        with pytest.raises(ValueError, match=rf"{name}: the key 'gate'.* lines 1 and 4"):
            read(tmp_path / name)


def test_no_other_module_reads_yaml_on_its_own() -> None:
    root = Path(__file__).parents[1]
    sources = [*root.glob("src/**/*.py"), *root.glob("flows/*.py")]
    loading = [f.name for f in sources if "yaml.safe_load" in f.read_text("utf-8")]
    assert loading == []


def test_an_override_with_a_key_twice_is_refused() -> None:
    rule = "gate.rules=[{metric: auroc, rule: change, limit: 0.03, limit: 0.9}]"
    with pytest.raises(params.BadParams, match=r"-S gate\.rules=.*'limit' stands twice"):
        params.load(PARAMS, [rule])


@pytest.mark.parametrize(
    "overrides",
    [
        ["train.epochs=1", "gate.power=0.7", "train.epochs=2"],
        ["train.epochs=1", " train.epochs =1"],
        ["prune.criterion.name=fpgm", "prune.criterion={name: taylor}"],
        ["prune.criterion={name: taylor}", "prune.criterion.name=fpgm"],
    ],
)
def test_one_key_overridden_twice_is_refused(overrides: list[str]) -> None:
    with pytest.raises(params.BadParams, match="set one key twice"):
        refuse_twice(overrides)


def test_overrides_of_neighbours_are_fine() -> None:
    refuse_twice(["train.epochs=1", "prune.epochs=1", "train.epochs_more=3"])


def test_a_letter_that_yaml_does_not_take_is_named_with_the_file() -> None:
    with pytest.raises(yaml_text.BadYaml, match=r"p\.yaml is not YAML: unacceptable character"):
        yaml_text.parse("a: 1\0", "p.yaml")
