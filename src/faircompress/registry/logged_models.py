"""The judged files as MLflow's logged models, and the data sets that they were judged on."""

import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import LoggedModelOutput, Metric
from mlflow.exceptions import MlflowException

from faircompress.registry.mlflow_runs import NO_SUCH_RUN, Store, answering, log_metrics, named, use

ONNX = "model.onnx"


@dataclass(frozen=True)
class DataSet:
    """A data set as MLflow knows it.

    Args:
        name: Such as ``portraits test``.
        digest: First digits of its sha256.
    """

    name: str
    digest: str


def log_data(
    store: Store,
    run_id: str,
    table: Path,
    name: str,
    digest: str,
    *,
    split: str | None = None,
    model_id: str | None = None,
) -> DataSet:
    """Record the data set that a run read: its name, hash, columns and number of rows.

    Args:
        store: Where to.
        run_id: The run.
        table: Its rows, as Parquet; pictures in it are not read.
        name: Of the data set.
        digest: Its sha256.
        split: The only one that was read; None: all.
        model_id: Of the logged model that was evaluated on it.
    """
    import pyarrow.parquet as pq
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import DatasetInput, InputTag, LoggedModelInput

    columns = [c for c in pq.read_schema(table).names if c != "image"]
    filters = [("split", "==", split)] if split else None
    rows: pd.DataFrame = pq.read_table(table, columns=columns, filters=filters).to_pandas()
    known = DataSet(name, digest[:36])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that integers cannot be null: ours are not
        data = from_pandas(rows, str(table), targets="label", name=name, digest=known.digest)
        entity = data._to_mlflow_entity()
    context = InputTag("mlflow.data.context", split or "validated")
    models = [LoggedModelInput(model_id)] if model_id else None
    store.client.log_inputs(run_id, [DatasetInput(entity, [context])], models)
    return known


def log_evaluation(
    store: Store, run_id: str, numbers: dict[str, Any], model_id: str, data: DataSet
) -> None:
    """Record what a logged model came to on a data set, as the run's and as the model's own."""
    now = int(1000 * time.time())
    log_metrics(
        store,
        run_id,
        [
            Metric(
                name, value, now, 0,
                model_id=model_id, dataset_name=data.name, dataset_digest=data.digest,
            )
            for name, value in named(numbers).items()
        ],
    )  # fmt: skip


def show_model(store: Store, run_id: str, model_id: str) -> None:
    """List a logged model with a run that did not log it, but made it."""
    store.client.log_outputs(run_id, [LoggedModelOutput(model_id, 0)])


def log_onnx(store: Store, run_id: str, onnx_file: Path, name: str) -> str:
    """Keep an ONNX file, byte for byte, as a logged model; return its id.

    Args:
        store: Where to.
        run_id: Run that MLflow takes the file's metrics and params from.
        onnx_file: The file.
        name: Of the logged model, which MLflow lists beside those of other runs.
    """
    import numpy as np
    import onnx
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    graph = onnx.load(onnx_file)
    shape = [d.dim_value or -1 for d in graph.graph.input[0].type.tensor_type.shape.dim]
    classes = graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    signature = ModelSignature(
        Schema([TensorSpec(np.dtype("uint8"), tuple(shape), graph.graph.input[0].name)]),
        Schema([TensorSpec(np.dtype("float32"), (-1, classes), graph.graph.output[0].name)]),
    )
    use(store)
    with answering(store), mlflow.start_run(run_id=run_id):
        logged = mlflow.onnx.log_model(
            graph,
            name=name,
            signature=signature,
            save_as_external_data=False,
            onnx_execution_providers=["CPUExecutionProvider"],
            pip_requirements=["onnxruntime"],
        )
    return str(logged.model_id)


def fetch_onnx(store: Store, model: str, version: str, into: Path) -> Path:
    """Copy the file of a registered version; return where it lies, if the registry has it."""
    use(store)
    uri = f"models:/{model}/{version}"
    with answering(store):
        try:
            found = mlflow.artifacts.download_artifacts(uri, dst_path=str(into))
        except MlflowException as error:
            if error.error_code not in NO_SUCH_RUN:
                raise  # a server that does not answer has lost nothing
            return into / ONNX
    return Path(found) / ONNX


def logged_model(store: Store, model: str, version: str) -> str | None:
    """Return the id of the logged model that a registered version is, if it is one."""
    scheme, _, found = str(store.client.get_model_version(model, version).source).partition(":/")
    return found if scheme == "models" else None
