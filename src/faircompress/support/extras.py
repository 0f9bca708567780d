"""Which extra brings a package that a command needs."""

from collections.abc import Iterator
from contextlib import contextmanager

BROUGHT_BY = {
    "onnxruntime": "onnx",
    "onnx": "onnx",
    **dict.fromkeys(
        ("torch", "torchvision", "lightning_fabric", "torch_pruning", "onnxscript",
         "great_expectations", "matplotlib", "sklearn"), "train",
    ),
    **dict.fromkeys(
        ("prefect", "mlflow", "dvc", "fastapi", "sqlalchemy", "securesystemslib", "cryptography"),
        "pipeline",
    ),
    **dict.fromkeys(("ray", "prefect_ray"), "ray"),
    "dvc_s3": "s3",
    **dict.fromkeys(("timm", "safetensors"), "timm"),
    "transformers": "hf",
}  # fmt: skip
ALL = "faircompress[onnx,train,pipeline]"


def advice(missing: str | None) -> str | None:
    """Say how to get a module that is not installed; None if it is none of ours to bring.

    Args:
        missing: The module's name, with dots, as ``ModuleNotFoundError.name`` gives it.
    """
    package = (missing or "").partition(".")[0]
    if package == "flows":
        return (
            "there is no project here: the folder has no flows/. Go to a project's folder, name "
            "it with --project, or make one: faircompress init DIR"
        )
    extra = BROUGHT_BY.get(package)
    if extra is None:
        return None
    return (
        f"this needs {package}, which is not installed. Install it with the extra {extra!r}: "
        f"pip install 'faircompress[{extra}]'; the whole chain needs pip install '{ALL}' "
        "(with a GPU onnx-gpu instead of onnx)."
    )


@contextmanager
def advised() -> Iterator[None]:
    """Within it, a module of an extra that is not installed is told with the way to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        words = advice(error.name)
        if words is None:
            raise
        raise ModuleNotFoundError(words, name=error.name) from error
