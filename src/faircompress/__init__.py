"""Fair compression of vision models.

A raw data source is checked (``checks``) and becomes one Parquet file (``dataset``). A dense
model learns it (``training``), loses whole channels (``pruning``) by a ``criterion`` and an
``objective``, and is written to ONNX (``onnx_export``). What the exported files predict
(``predictions``) goes to a judge who sees nothing else (``verdict``), and who says pass, fail or
inconclusive, by group, with confidence.

``stages`` runs that chain on files, ``flows`` runs the stages on a schedule.
"""

__version__ = "0.1.0"
