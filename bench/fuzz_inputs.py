"""What `bench/fuzz.py` feeds to each reader: good inputs, changed until they are hardly any."""

import base64
import io
import json
import math
import string
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
ODD_TEXTS = [
    "", " ", "\0", "ß\u202e", "1e999", "-1", "nan", "null", "~", "!!python/object:os.system",
    "../../etc/passwd", "/dev/zero", "a" * 5000, "&a [*a]", "\ud800", "٣", "0x1F",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([10**400, -1, 0, 2**63]),
    st.floats(allow_nan=True), st.sampled_from(ODD_TEXTS), st.text(max_size=8),
    st.dates(), st.binary(max_size=4),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3),
    ),
    max_leaves=5,
)  # fmt: skip


def changed_bytes(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Give good bytes with a few of them changed, taken out, doubled or put in; or any bytes."""

    @st.composite
    def change(draw: st.DrawFn) -> bytes:
        found = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(1, 6))):
            at = draw(st.integers(0, max(len(found) - 1, 0)))
            kind = draw(st.sampled_from(["set", "cut", "take", "double", "put", "big"]))
            if kind == "set" and found:
                found[at] = draw(st.integers(0, 255))
            elif kind == "cut":
                del found[at:]
            elif kind == "take":
                del found[at : at + draw(st.integers(1, 64))]
            elif kind == "double":
                found[at:at] = found[at : at + draw(st.integers(1, 200))]
            elif kind == "put":
                found[at:at] = draw(st.binary(max_size=8))
            else:
                found[at : at + 4] = draw(
                    st.sampled_from([b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0" * 4])
                )
        return bytes(found)

    return st.one_of(change(), change(), change(), st.binary(max_size=300))


def changed_values(good: Any) -> st.SearchStrategy[Any]:
    """Give a good document with some of its values, keys or branches changed."""

    @st.composite
    def change(draw: st.DrawFn) -> Any:
        found = json.loads(json.dumps(good))
        for _ in range(draw(st.integers(1, 3))):
            found = _one_changed(draw, found)
        return found

    return change()


def _one_changed(draw: st.DrawFn, found: Any) -> Any:
    """Change one place, found by going down as far as the draw likes."""
    keys = (
        list(found)
        if isinstance(found, dict)
        else list(range(len(found)))
        if isinstance(found, list)
        else []
    )
    if not keys or draw(st.integers(0, 5)) == 0:
        return draw(VALUES)
    key = draw(st.sampled_from(keys))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        del found[key]
    elif kind == 1 and isinstance(found, dict):
        found[draw(st.text(max_size=8) | st.integers())] = found.pop(key)
    elif kind == 2 and isinstance(found, dict):
        found[draw(st.sampled_from(["limit", "rule", "metric", "x", "name"]))] = draw(VALUES)
    else:
        found[key] = _one_changed(draw, found[key])
    return found


def yaml_bytes(value: Any) -> bytes:
    """Return a document as YAML; of a value that YAML cannot write, its Python form."""
    try:
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode(
            "utf-8", "surrogatepass"
        )
    except (yaml.YAMLError, ValueError, TypeError):
        return repr(value).encode("utf-8", "surrogatepass")


def params() -> st.SearchStrategy[bytes]:
    """Give params.yaml, changed in its values or in its letters."""
    text = (ROOT / "params.yaml").read_bytes()
    return st.one_of(changed_values(yaml.safe_load(text)).map(yaml_bytes), changed_bytes([text]))


def rules() -> st.SearchStrategy[bytes]:
    """Give a file of rules, changed."""
    gate = yaml.safe_load((ROOT / "params.yaml").read_text())["gate"]
    return st.one_of(
        changed_values(gate).map(yaml_bytes), changed_values(gate["rules"]).map(yaml_bytes),
        changed_bytes([yaml_bytes(gate)]),
    )  # fmt: skip


def rule_texts() -> st.SearchStrategy[str]:
    """Give rules as they are typed."""
    words = st.sampled_from(
        ["change", "gap", "minimum", "flips", "excess_loss", "disparity_change", "auroc",
         "true_positive_rate", "0.1", "champion", "5%", "5 points", "-1", "nan", "1e-400", "∞"]
    )  # fmt: skip
    good = st.sampled_from(["change auroc 0.03", "flips 0.1", "minimum accuracy 0.5", "size 0.5"])
    any_words = st.lists(words | st.text(string.printable, max_size=6), max_size=5).map(" ".join)
    return st.one_of(any_words, any_words, st.tuples(good, words).map(" ".join), good)


def csv_tables() -> st.SearchStrategy[bytes]:
    """Give tables of predictions as text, changed."""
    rows = [f"r{i},{i % 2},{i / 20},{1 - i / 20},{'fm'[i % 2]},p{i // 2}" for i in range(20)]
    text = "\n".join(["id,label,baseline,candidate,sex,person", *rows])
    seeds = [
        text,
        text.replace(",", ";"),
        text.replace(",", "\t"),
        '"' + text.replace("\n", '"\n"'),
    ]
    cells = st.lists(st.lists(SCALARS.map(str), min_size=1, max_size=6), min_size=1, max_size=6)
    made = cells.map(
        lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "replace")
    )
    encoded = [s.encode(how) for s in seeds for how in ("utf-8", "utf-16", "latin-1")]
    return st.one_of(changed_bytes(encoded), made)


def parquet_tables() -> st.SearchStrategy[bytes]:
    """Give Parquet files, changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    seeds = []
    for how in ("snappy", "none"):
        table = pa.table(
            {"id": [str(i) for i in range(9)], "label": [0, 1, None] * 3,
             "p": [0.5, math.nan, 1.0] * 3,
             "sex": pa.array(list("fmf") * 3).dictionary_encode(), "image": [b"x"] * 9,
             "nested": [[1]] * 9, "when": pa.array([0] * 9, pa.timestamp("ns"))}
        )  # fmt: skip
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression=how)
        seeds.append(buffer.getvalue())
    return changed_bytes(seeds)


def pictures() -> st.SearchStrategy[bytes]:
    """Give image files of many kinds, changed."""
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    seeds = []
    for mode in ("RGB", "L", "P", "RGBA", "I;16", "CMYK", "1"):
        picture = Image.fromarray(pixels)
        picture = picture.convert(mode) if mode != "I;16" else Image.new(mode, (7, 9), 999)
        for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
            buffer = io.BytesIO()
            try:
                picture.save(buffer, kind)
            except (OSError, ValueError):
                continue
            seeds.append(buffer.getvalue())
    return changed_bytes(seeds)


def predictions() -> st.SearchStrategy[bytes]:
    """Give saved predictions, changed in their bytes or in the facts beside them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    facts = {"classes": ["a", "b"], "model": "m" * 64, "data": "d" * 64, "max_weight": [],
             "fixed_counts": []}  # fmt: skip
    table = pa.table(
        {"id": ["1", "2"], "label": [0, 1], "weight": [1.0, 1.0], "p:0": [0.5, 0.2],
         "p:1": [0.5, 0.8], "group:sex": ["f", "m"]}
    )  # fmt: skip

    def packed(found: Any) -> bytes:
        buffer = io.BytesIO()
        text = json.dumps(found, default=str)
        pq.write_table(table.replace_schema_metadata({b"faircompress": text}), buffer)
        return buffer.getvalue()

    return st.one_of(changed_values(facts).map(packed), changed_bytes([packed(facts)]))


def attestations(text: bytes) -> st.SearchStrategy[bytes]:
    """Give attestations, changed in their letters, or in what they say under the old signatures."""
    lines = text.decode().splitlines()
    said = [json.loads(base64.b64decode(json.loads(line)["payload"])) for line in lines]

    def packed(found: Any) -> bytes:
        payload = json.dumps(found, default=str).encode("utf-8", "replace")
        envelope = {**json.loads(lines[-1]), "payload": base64.b64encode(payload).decode()}
        return "\n".join([*lines[:-1], json.dumps(envelope)]).encode()

    envelopes = changed_values([json.loads(line) for line in lines]).map(
        lambda found: "\n".join(json.dumps(one, default=str) for one in _listed(found)).encode()
    )
    return st.one_of(
        changed_bytes([text]), envelopes,
        changed_values(said[-1]).map(packed), changed_values(said[0]).map(packed),
    )  # fmt: skip


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def new_rows() -> st.SearchStrategy[bytes]:
    """Give tables of newly labelled rows with logged scores, changed."""
    rows = [
        f"i{k},{'no' if k % 2 else 'yes'},{'dl'[k % 2]},p{k // 2},2026-01-{1 + k:02d},{k / 20}"
        for k in range(20)
    ]
    text = "\n".join(["image,label,skin,who,day,p", *rows])
    cell = st.sampled_from(["", "nan", "2999-01-01", "2026-02-30", "1e999", "-0", "yes", "0.5"])
    cells = st.one_of(cell, SCALARS.map(str))

    @st.composite
    def replaced(draw: st.DrawFn) -> bytes:
        found = [line.split(",") for line in text.split("\n")]
        for _ in range(draw(st.integers(1, 5))):
            found[draw(st.integers(1, 20))][draw(st.integers(0, 5))] = draw(cells)
        return "\n".join(",".join(row) for row in found).encode("utf-8", "replace")

    return st.one_of(replaced(), changed_bytes([text.encode()]))


def counted_rows() -> st.SearchStrategy[bytes]:
    """Give files of counted rows, changed in their bytes; or other tables in their place."""
    import pandas as pd

    at = np.arange(20)
    rows = {
        "id": at.astype(str), "label": at % 2, "labelled": [f"2026-01-{1 + k:02d}" for k in at],
        "group:skin": "dark", "person": at.astype(str), "p:0": at / 20, "p:1": 1 - at / 20,
    }  # fmt: skip

    def packed(found: dict[str, Any]) -> bytes:
        buffer = io.BytesIO()
        pd.DataFrame(found).to_parquet(buffer, index=False, write_page_checksum=True)
        return buffer.getvalue()

    others = [{k: v for k, v in rows.items() if k != gone} for gone in (*rows, "nothing")] + [
        {**rows, name: odd} for name in ("label", "labelled", "p:1") for odd in ("x", 7.5, None)
    ]
    return st.one_of(changed_bytes([packed(rows)]), st.sampled_from([packed(o) for o in others]))
