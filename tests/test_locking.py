"""The lock of a registered model that machines share lies in the registry itself."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from faircompress.registry import locking
from faircompress.registry.locking import held_by_this, one_at_a_time
from faircompress.registry.mlflow_runs import Store, open_store
from faircompress.support.errors import StateError

DEAD = subprocess.Popen([sys.executable, "-c", ""])
DEAD.wait()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield open_store(tmp_path_factory.mktemp("shared"))


def names(store: Store) -> list[str]:
    return [model.name for model in store.client.search_registered_models()]


def lock_of(store: Store, holder: str) -> None:
    store.client.create_registered_model("m.lock", {"holder": holder})


def test_two_wait_for_each_other_and_nothing_is_left(store: Store) -> None:
    inside, most, order = 0, 0, []

    def work(who: str) -> None:
        nonlocal inside, most
        for _ in range(3):
            with held_by_this(store, "m.lock"):
                inside += 1
                most = max(most, inside)
                order.append(who)
                inside -= 1

    threads = [threading.Thread(target=work, args=(who,)) for who in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and sorted(order) == list("aaabbb")
    assert names(store) == []


def test_a_lock_that_is_given_back_while_mlflow_looks_who_holds_it_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_of(store, "elsewhere 1 token0")
    look_up = SqlAlchemyStore.get_registered_model

    def given_back_before(self: SqlAlchemyStore, name: str) -> object:
        monkeypatch.setattr(SqlAlchemyStore, "get_registered_model", look_up)
        self.delete_registered_model(name)
        return look_up(self, name)

    monkeypatch.setattr(SqlAlchemyStore, "get_registered_model", given_back_before)
    with held_by_this(store, "m.lock", ends=3600, patience=60):
        assert names(store) == ["m.lock"]
    assert SqlAlchemyStore.get_registered_model is look_up  # it was looked up
    assert names(store) == []


def test_the_lock_of_a_process_of_this_machine_that_died_is_taken_at_once(store: Store) -> None:
    lock_of(store, f"{locking._host()} {DEAD.pid} token1")
    with held_by_this(store, "m.lock", ends=3600, patience=0):
        assert names(store) == ["m.lock", "m.lock.token1"]  # its grave: nobody takes it twice
    assert names(store) == ["m.lock.token1"]
    store.client.delete_registered_model("m.lock.token1")


def test_another_machine_is_waited_for_as_long_as_it_shows_life(store: Store) -> None:
    lock_of(store, "elsewhere 1 token2")
    with (
        pytest.raises(StateError, match="m.lock is held by elsewhere 1 token2"),
        held_by_this(store, "m.lock", ends=3600, patience=0),
    ):
        pass
    with held_by_this(store, "m.lock", ends=0.3):
        assert "m.lock.token2" in names(store)
    store.client.delete_registered_model("m.lock.token2")


def test_a_database_of_the_project_itself_needs_no_more_than_its_lock_file(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one_at_a_time(store):
        assert names(store) == []


def test_clones_that_share_a_database_share_the_lock(store: Store, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(_params().read_text())
    with one_at_a_time(Store(store.client, store.uri, tmp_path)):
        assert names(store) == ["faircompress-portraits.lock"]
    assert names(store) == []


def _params() -> Path:
    return Path(__file__).parents[1] / "params.yaml"
