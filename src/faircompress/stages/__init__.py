"""The chain: files in, files out.

``stages/NAME.py`` gives ``NAME(params, artifacts) -> numbers``. It reads earlier folders of
``artifacts``, writes ``artifacts/NAME/``, and returns what goes into ``artifacts/NAME.json``.

=========  ====================================  =================================================
stage      reads                                 writes under its folder
=========  ====================================  =================================================
source     the raw data                          nothing; its numbers are the data's fingerprint
code       the package's own files               nothing; its numbers are one key a stage
validate   source.json, the raw data             data.parquet, facts.json, findings.json and .html
train      train and validation rows             model.pt (dense), curve.json and .png
screen     validation rows, train                nothing; its numbers count minimums of the gate
                                                 that the dense model is not shown to reach
prune      train and validation rows, train      model.pt (pruned), layers.json and .png, curve
export     validate, train, prune                dense.onnx, pruned.onnx and one for each further
                                                 precision, what each says of validation and test,
                                                 parity.json, latency.json
gate       export's predictions, the champion's  verdict.json, report.html, card.md; the same for
                                                 each further precision in a folder of its name
=========  ====================================  =================================================
"""
