"""Steps that a fault may hit, each in a process of its own; whoever takes one again goes on.

    python bench/fault_steps.py STEP FOLDER [NUMBER]

A step leaves results that do not depend on how often it was interrupted, and writes a line to
`done.log` for each piece of work that it really does.
"""

import json
import os
import shutil
import sys
from pathlib import Path

PIECES = 3


def ledger(folder: Path, number: int) -> None:
    """Book a look for each of three files at one test set, and complete it."""
    import numpy as np

    from faircompress.ledger.identity import TestSet
    from faircompress.ledger.limits import Rules
    from faircompress.ledger.looks import next_look
    from faircompress.ledger.record import Ledger

    rng = np.random.default_rng(number)
    labels = rng.integers(0, 2, 60)
    rows = TestSet(labels=labels, baseline=rng.random(60), groups={"sex": labels})
    book = Ledger(folder / "state" / "ledger.jsonl")
    for name in "abc":
        before = len(book.entries())
        next_look(
            book, rows, candidate=f"{number:08d}{name * 56}", seed=1, baseline="b" * 64,
            rules=Rules("r" * 64, {"limit": 0.1}), way="spend", alpha=0.025,
        )  # fmt: skip
        if len(book.entries()) > max(before, 1):
            done(folder, f"look {number} {name}")
    book.verify()


def numbers(folder: Path, number: int) -> None:
    """Write results as stages do, each file whole."""
    from faircompress.support.files import write_json

    for piece in range(PIECES):
        write_json(folder / f"{piece}.json", {"values": list(range(2000)), "piece": piece})


def curve(folder: Path, number: int) -> None:
    """Keep numbers of epochs and weights, go on where they end, and put a folder in place."""
    import numpy as np

    from faircompress.support.checkpoints import Curve, checkpoint
    from faircompress.support.files import new_folder, write_bytes, write_json

    if (folder / "artifacts" / "train").exists():  # DVC would not run it again
        return
    with checkpoint(folder / "artifacts", "train", "given") as place:
        known = Curve(place / "curve.json")
        for epoch in range(1, PIECES + 1):
            if f"{epoch:04d}" in known.epochs:
                continue
            write_bytes(place / "weights.pt", np.full(5000, epoch).tobytes())
            known.add(epoch, {"loss": 1 / epoch})
            done(folder, f"epoch {epoch}")
        with new_folder(folder / "artifacts" / "train") as aside:
            (aside / "weights.pt").write_bytes((place / "weights.pt").read_bytes())
            write_json(aside / "curve.json", known.epochs)


def dvc(folder: Path, number: int) -> None:
    """Run three stages of DVC, as the flow does."""
    from faircompress.orchestration import leftovers
    from faircompress.orchestration.stage_tasks import Listener, dvc_repro
    from faircompress.support.locks import waiting

    if not (folder / "dvc.yaml").exists():
        (folder / ".dvc").mkdir(parents=True, exist_ok=True)
        (folder / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
        (folder / "0").write_text("the data\n")
        stages = {
            f"s{n}": {
                "cmd": f"{sys.executable} -S -c \"open('{n}','w').write(open('{n - 1}').read()*2); "
                f"open('done.log','a').write('stage {n}\\n')\"",
                "deps": [str(n - 1)], "outs": [str(n)],
            }
            for n in range(1, PIECES + 1)
        }  # fmt: skip
        (folder / "dvc.yaml.part").write_text(json.dumps({"stages": stages}))
        (folder / "dvc.yaml.part").rename(folder / "dvc.yaml")
    with waiting(folder / ".checkpoints/run.lock", "runs the chain here"):
        leftovers.clear(folder)
        for n in range(1, PIECES + 1):
            dvc_repro([f"s{n}"], folder, Listener())


def mlflow(folder: Path, number: int) -> None:
    """Record a run with numbers and a file, and point a registered model's alias to it."""
    from faircompress.registry import mlflow_runs
    from faircompress.support.files import write_text

    store, name = mlflow_runs.open_store(folder), os.environ.get("FAULT_EXPERIMENT", "e")
    known = store.client.search_runs([store.experiment(name)], "attributes.status = 'FINISHED'")
    if known:
        return
    run = mlflow_runs.begin(store, name, "try", {"try": str(number)})
    for step in range(PIECES):
        told = [{"metrics": {"train": {"loss": 1 / (step + 1)}}, "step": step}]
        mlflow_runs.log_numbers(store, run, told)
    write_text(folder / "note.txt", "a note\n" * 1000)
    mlflow_runs.log_files(store, run, [folder / "note.txt"])
    mlflow_runs.end(store, run, "FINISHED")


def promote(folder: Path, number: int) -> None:
    """Move `champion` to versions one after the other, each after its `previous`, beside others."""
    from faircompress.registry import mlflow_runs, versions

    store, model = mlflow_runs.open_store(folder), os.environ["FAULT_EXPERIMENT"]
    for piece in range(PIECES):
        with versions.one_at_a_time(store):
            named = versions.aliases(store, model)
            coming = str(1 + int(named["champion"]))
            versions.point(store, model, "previous", named["champion"])
            versions.point(store, model, "champion", coming)
        done(folder, f"promotion {number} {piece} {coming}")


def attest(folder: Path, number: int) -> None:
    """Write down, signed, what was found of three files, and that each was let out."""
    from faircompress.registry import attestations, keys
    from faircompress.registry.policy import GATE, Decision
    from faircompress.registry.records import VerdictRecord
    from faircompress.support.locks import waiting

    project = folder / "project"
    project.mkdir(parents=True, exist_ok=True)
    os.environ[keys.VARIABLES["gate"]] = str(folder / "private" / "gate-here.pem")
    lock = project / ".checkpoints" / "registry.lock"
    with waiting(lock, "makes keys"):  # as a person does by hand, once
        if not (project / keys.FOLDER / "gate-here.pub").exists():
            shutil.rmtree(folder / "private", ignore_errors=True)  # only half of the pair was made
            keys.new_key(project, "gate", "here", folder / "private")
    for name in "abc":
        file = name * 64
        with waiting(lock, "changes the registry"):
            if attestations.latest(project, "m", file) is None:
                found = (keys.now(), "m", file, "fp32", "project", "pass", "e" * 64)
                attestations.add(project, VerdictRecord(*found))
                done(folder, f"verdict {name}")
            if file not in [one.sha256 for one in attestations.decided(project, "m")]:
                words = ("pass", GATE, "it passed", "1", "e" * 64, "m")
                attestations.add(project, Decision(keys.now(), "promoted", file, *words))
                done(folder, f"decision {name}")
    attestations.raise_unless_complete(project)


def push(folder: Path, number: int) -> None:
    """Hand what `dvc` made to the remote, as a run does at its end."""
    from faircompress.orchestration import remote

    remote.push.fn(folder)


def pull(folder: Path, number: int) -> None:
    """Fetch what another machine handed to the remote, as a run does at its start."""
    from faircompress.orchestration import remote

    remote.pull.fn(folder)


def done(folder: Path, what: str) -> None:
    """Note a piece of work that is finished."""
    with (folder / "done.log").open("a") as file:
        file.write(what + "\n")
        file.flush()
        os.fsync(file.fileno())


STEPS = {f.__name__: f for f in (ledger, numbers, curve, dvc, mlflow, promote, attest, push, pull)}


def main() -> int:
    """Take the step that the command line names; an error of ours is one line and code 3."""
    from faircompress.support import environment
    from faircompress.support.errors import FaircompressError

    environment.configure()
    step, folder, number = sys.argv[1], Path(sys.argv[2]), int((*sys.argv[3:], "0")[0])
    try:
        STEPS[step](folder, number)
    except (FaircompressError, OSError) as error:
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
