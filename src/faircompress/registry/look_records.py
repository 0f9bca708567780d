"""Which looks at a test set MLflow's runs tell of, for clones that share a server.

They stand in the params of runs, which nobody can change or take away without deleting the run.
What counts is the ledger, which takes over what it does not know.
"""

from collections.abc import Iterable, Iterator, Mapping

from faircompress.registry.mlflow_runs import BATCH_LIMIT, Store, log_params

SHORT = 16  # hex digits of a hash
Pair = tuple[str, str]  # first digits of a file's sha256, number of its look
TEST, LOOKS = "look.test_set", "look.of_files"


def keep(store: Store, run_id: str, test: str, numbers: Mapping[str, int]) -> None:
    """Say in a run which look at a test set each of its files is.

    Args:
        store: Where the run is.
        run_id: The run; it says so once.
        test: sha256 of the test set.
        numbers: sha256 of a file -> number of its look.
    """
    files = " ".join(f"{digest[:SHORT]}:{number}" for digest, number in numbers.items())
    log_params(store, run_id, {TEST: test[:SHORT], LOOKS: files})


def looks(store: Store, model: str, test: str) -> dict[str, int]:
    """Return what runs, and tags of a version up to 0.2, say of the looks at a test set.

    Args:
        store: Where they are.
        model: Name of the experiment and of the registered model.
        test: sha256 of the test set.

    Returns:
        First digits of a file's sha256 -> number of its look, the largest that is told.
    """
    return _latest([*_of_tags(store, model, test), *_of_runs(store, model, test)])


def _of_runs(store: Store, model: str, test: str) -> Iterator[Pair]:
    experiment = store.client.get_experiment_by_name(model)
    if experiment is None:
        return
    words = f"params.`{TEST}` = '{test[:SHORT]}'"
    page = None
    while True:
        runs = store.client.search_runs(
            [experiment.experiment_id], words, max_results=BATCH_LIMIT, page_token=page
        )
        for run in runs:
            for pair in run.data.params.get(LOOKS, "").split():
                digest, _, number = pair.partition(":")
                yield digest, number
        if not (page := runs.token):
            return


def _of_tags(store: Store, model: str, test: str) -> Iterator[Pair]:
    found = store.client.search_registered_models(filter_string=f"name='{model}'")
    here = f"look {test[:SHORT]} "
    for one in found:
        for key, number in one.tags.items():
            if key.startswith(here):
                yield key.removeprefix(here), number


def _latest(pairs: Iterable[Pair]) -> dict[str, int]:
    found: dict[str, int] = {}
    for digest, number in pairs:
        if number.isdecimal() and int(number) > 0:
            found[digest] = max(int(number), found.get(digest, 0))
    return found
