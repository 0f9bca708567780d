"""What the report shows beside the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from faircompress.config.card import Card
from faircompress.report.exemplars import NewlyWrong


@dataclass(frozen=True)
class ReportContext:
    """What the report shows beside the verdict; every part may be absent.

    Args:
        unlearnt: By group, hardest-hit first; see ``exemplars.unlearnt``.
        pictures: Encoded pictures by row id.
        sizes: Bytes of the ONNX files: ``dense``, ``pruned``.
        layers: As ``prune/layers.json``.
        latency: As ``export/latency.json``.
        parity: As ``export/parity.json``.
        operating_points: Of the files ``baseline`` and ``candidate``, each as a file has it in
            ``export/operating_points.json``; empty: not known, or there are several classes.
        called: Where predictions of ``baseline`` and ``candidate`` come from, if not our files.
        precision: Of the evaluated file: ``fp32``, ``fp16`` or ``int8``; empty: not known.
        precisions: All files of the network in the order of evaluation. Each has ``precision``;
            ``verdict`` (an outcome, or ``not evaluated``) and its ``sentence``; maybe ``worst``,
            what decides it, with bounds; ``bytes``;
            ``times`` as in ``export/latency.json``; ``flips``, the test rows decided otherwise than
            by the network, and ``max_difference`` of a probability from the network's;
            ``released``; and ``report``, where its own page lies as seen from this one, or nothing.
        about: What the verdict is about: name, words, and a sha256 or nothing. Empty: ``called``
            and the models' hashes serve.
        evaluated: The day, where ``about`` does not tell it.
        levers: Settings that could mend harm, with numbers, most promising first.
        curves: As ``curves.curves`` returns them; empty: nobody drew any.
        hidden: As ``hidden.hidden`` returns it; empty: nobody looked for hidden subgroups.
        card: What the file's owner says in the model card.
    """

    newly_wrong: Sequence[NewlyWrong] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    layers: Sequence[Mapping[str, Any]] = ()
    latency: Mapping[str, Any] = field(default_factory=dict)
    parity: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    operating_points: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    precision: str = ""
    precisions: Sequence[Mapping[str, Any]] = ()
    about: Sequence[tuple[str, str, str]] = ()
    evaluated: str = ""
    levers: Sequence[str] = ()
    curves: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, Any] = field(default_factory=dict)
    card: Card = Card()
