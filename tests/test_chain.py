"""The whole chain on real parts: Prefect, DVC, MLflow, ONNX Runtime; small data."""

import json
import re
import sys
from pathlib import Path

import pytest
from conftest import Project, commit, new_project
from finished_runs import AGREED, MODEL, STAGES, Finished, client, copied, parents, runs


def test_a_first_run_ends_in_a_verdict_and_says_what_to_open(finished: Finished) -> None:
    project, said = finished
    assert said.returncode == 0, said.stdout + said.stderr
    verdict = json.loads((project.folder / "artifacts/gate/verdict.json").read_text())
    assert verdict["outcome"] == "pass"
    assert said.stdout.strip().startswith("PASS: ")
    assert "artifacts/gate/report.html" in said.stdout
    words = dict(line.split(maxsplit=1) for line in said.stdout.splitlines()[1:] if line)
    assert words["registry"].startswith(f"version 1 of {MODEL} is the champion, the first one")
    assert ": AUROC " in words["worst"] and "a fall of at most 0.3 is allowed" in words["worst"]
    assert words["gain"].startswith("3.0") and "x fewer multiply-adds, " in words["gain"]


def test_mlflow_holds_one_parent_and_one_nested_run_a_stage(finished: Finished) -> None:
    project, _ = finished
    first = parents(project)[0]
    nested = [
        r for r in runs(project) if r.data.tags.get("mlflow.parentRunId") == first.info.run_id
    ]
    names = {name: name for name in STAGES} | {"gate": "PASS gate"}
    assert sorted(r.info.run_name for r in nested) == sorted(names.values())
    assert first.info.run_name == "PASS project"
    assert {r.info.status for r in (first, *nested)} == {"FINISHED"}


def test_the_parent_run_holds_numbers_params_data_files_and_provenance(finished: Finished) -> None:
    project, _ = finished
    first = parents(project)[0]
    assert first.data.params["prune.speedup"] == "3.0"
    assert first.data.tags["verdict"] == "pass"
    assert len(first.data.tags["dvc.lock.sha256"]) == 64
    assert len(first.data.tags["git.commit"]) >= 40
    keys = json.loads((project.folder / "artifacts/code.json").read_text())
    assert {first.data.tags[f"code.{stage}"] for stage in keys} == set(keys.values())
    assert {"worst.change.auroc", "limit_used.change.auroc"} <= set(first.data.metrics)
    assert len(first.data.metrics) < 40  # MLflow draws a chart of each
    facts = json.loads((project.folder / "artifacts/validate/facts.json").read_text())
    assert first.inputs.dataset_inputs[0].dataset.digest == facts["sha256"][:36]
    mlflow, run_id = client(project), first.info.run_id
    kept = {
        f.path
        for stage in ("gate", "validate", "prune")
        for f in mlflow.list_artifacts(run_id, stage)
    }
    assert {
        "gate/card.md",
        "gate/report.html",
        "gate/verdict.json",
        "validate/findings.html",
        "prune/layers.png",
    } <= kept


def test_learning_curves_are_kept_by_group_and_epoch(finished: Finished) -> None:
    project, _ = finished
    train = next(r for r in runs(project) if r.info.run_name == "train")
    history = client(project).get_metric_history(train.info.run_id, "accuracy/hair_short")
    assert [point.step for point in history] == [1, 2, 3, 4]


def test_a_file_that_passed_is_the_champion_and_gives_the_gated_predictions(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    import numpy as np

    from faircompress.data import predictions
    from faircompress.data.dataset import load_split

    project, _ = finished
    champion = client(project).get_model_version_by_alias(MODEL, "champion")
    assert champion.tags["verdict"] == "pass"
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project.folder / 'mlflow.db'}")
    served = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    images = load_split(project.folder / "artifacts/validate", "test").images[:32]
    gated = predictions.load(project.folder / "artifacts/export/predictions/pruned-test.parquet")
    said = served.predict(images)["probabilities"]
    assert np.abs(said - gated.probabilities[:32]).max() < 1e-6


def test_with_nothing_changed_no_stage_runs_and_nothing_is_registered_twice(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    before = len(client(project).search_model_versions(f"name='{MODEL}'"))
    said = project.run()
    assert said.returncode == 0
    assert said.stderr.count("unchanged") == 7
    assert len(client(project).search_model_versions(f"name='{MODEL}'")) == before
    last = parents(project)[-1]
    assert last.data.tags["stage.train"] == "unchanged"
    assert last.data.metrics["prune.speedup"] == pytest.approx(3, rel=0.02)


def test_without_a_server_and_with_an_empty_mlflow_what_is_cached_is_registered_anyway(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    project.env = {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": ""}
    (project.folder / "mlflow.db").unlink()
    said = project.run()
    assert said.returncode == 0, said.stdout + said.stderr
    assert client(project).get_model_version_by_alias(MODEL, "champion").version is not None


def test_a_variant_leaves_the_project_alone_and_shares_its_cache(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    before = {
        p: (project.folder / p).read_bytes()
        for p in ("params.yaml", "dvc.lock", "artifacts/gate.json")
    }
    strict = (
        "gate.rules=[{rule: change, metric: auroc, limit: 0.29, because: a test},"
        " {rule: flips, limit: 0.0001, because: a test}]"
    )
    refused = project.run("-S", strict)  # the test set was looked at under another limit
    assert refused.returncode == 3 and "--reviewer NAME --reason WHY" in refused.stderr
    said = project.run("-S", strict, *AGREED)
    assert said.returncode == 1, said.stdout + said.stderr
    assert "train     restored from the cache" in refused.stderr
    assert {p: (project.folder / p).read_bytes() for p in before} == before
    assert said.stdout.strip().startswith("FAIL: ")
    assert "hair=" in said.stdout
    failed = parents(project)[-1]
    assert failed.data.tags["verdict"] == "fail"
    assert (failed.info.status, failed.info.run_name[:5]) == ("FAILED", "FAIL ")
    assert len(client(project).search_model_versions(f"name='{MODEL}'")) == 1
    told = project.call(sys.executable, "-m", "faircompress", "history", check=True).stdout
    assert re.search(r"gate\.rules.*FAIL +\d.* kB .*newly wrong", told.splitlines()[-1]), told


def test_too_small_a_test_set_is_inconclusive_and_says_what_would_settle_it(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    said = project.run(
        "-S",
        "gate.rules=[{rule: change, metric: accuracy, limit: 0.001, because: a test}]",
        *AGREED,
    )
    assert said.returncode in (1, 2), said.stdout + said.stderr
    verdict = json.loads(
        next(project.folder.glob("variants/*/artifacts/gate/verdict.json")).read_text()
    )
    open_questions = [
        f for r in verdict["rules"] for f in r["checks"] if f["outcome"] == "inconclusive"
    ]
    assert open_questions
    assert all(f["n_needed"] is None or f["n_needed"] > f["effective_n"] for f in open_questions)


def test_a_clone_that_pulls_runs_nothing(finished: Finished, tmp_path: Path) -> None:
    project = copied(finished, tmp_path / "a")
    project.call("dvc", "remote", "add", "-d", "store", str(tmp_path / "remote"), check=True)
    commit(project, "results")
    project.call("dvc", "push", "-q", check=True)
    project.call("git", "clone", "-q", str(project.folder), str(tmp_path / "b"), check=True)
    clone = Project(tmp_path / "b", project.env)
    clone.call("dvc", "pull", "-q", check=True)
    said = clone.run()
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stderr.count("unchanged") == 7
    assert clone.call("git", "status", "--porcelain", "--untracked-files=no").stdout == ""
    assert clone.call("dvc", "metrics", "diff", check=True).stdout.strip() == ""


def test_bad_params_stop_a_run_before_anything_starts(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    said = project.run("-S", "prune.speedup=0.5", "-S", "train.epoch=1")
    assert said.returncode == 3
    assert "prune.speedup" in said.stderr
    assert "train.epoch: unknown key. Did you mean 'epochs'?" in said.stderr
    assert not (tmp_path / "mlflow.db").exists()


def test_unfit_data_stops_the_chain_and_the_flow_says_why(
    finished: Finished, tmp_path: Path
) -> None:
    project = copied(finished, tmp_path)
    said = project.run("-S", "checks.min_subgroup=500")
    assert said.returncode == 3
    assert "500" in said.stderr
    assert "hair" in said.stderr
    assert parents(project)[-1].info.status == "FAILED"


def test_an_unreachable_server_is_an_error_and_not_a_verdict(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    project.env = {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    said = project.run()
    assert said.returncode == 3
    assert "PREFECT_API_URL" in said.stderr or "Failed to reach API" in said.stderr
