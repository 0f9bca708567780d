"""The chain when nobody watches: is anything new? Then run it, tell who wants to know, tidy up.

`faircompress serve` starts it by the clock, and when a look at the source finds something new. A
worker of a Prefect work pool does so by `infra/prefect.yaml`.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.runtime import deployment, flow_run
from prefect.states import Completed

from faircompress.config.operation import seconds
from faircompress.config.params import Params
from faircompress.orchestration import late_runs, news
from faircompress.orchestration.commits import BRANCH, LAID_OUT, GitFailed, changed, head
from faircompress.orchestration.news import Inputs
from faircompress.orchestration.remote import RemoteFailed, pull, pull_data, push
from faircompress.orchestration.run_log import errors_in_words
from faircompress.orchestration.workspace import Workspace, prepare
from faircompress.support.errors import FaircompressError, StateError
from faircompress.support.locks import is_held, waiting
from faircompress.support.servers import StoreFailed

Review = tuple[str, str]  # reviewer and reason
CHAIN_LOCK = Path(".checkpoints") / "retrain" / "chain.lock"


def run_name() -> str:
    """Return the name of a retraining: data, method and speed-up."""
    project = Path.cwd()
    try:
        return news.params_at(project, head(project)).title
    except FaircompressError:  # the run itself says what is wrong
        return project.name


@flow(name="retrain", flow_run_name=run_name)
def retrain(
    overrides: list[str] | None = None,
    reviewer: str = "",
    reason: str = "",
    polled: bool = False,
    force: bool = False,
) -> State[Any]:
    """Run the chain on what is committed if data, code or params are new; else say so.

    Args:
        overrides: Changes for this run only, as ``section.key=value``; then it runs in any case.
        reviewer: Who agreed to limits that changed after a look at the test set.
        reason: Why they changed.
        polled: Nobody asked: it neither waits for another run nor repeats one that failed.
        force: Run even if nothing is new.
    """
    errors_in_words()
    project = Path.cwd()
    if polled and is_held(project / CHAIN_LOCK):
        return nothing("The chain is at work.")
    lock = lock_of(project, str(flow_run.id))
    with waiting(lock, "is this run"):
        try:
            with waiting(project / CHAIN_LOCK, "retrains"):
                if overrides:
                    space = Workspace(project, project, tuple(overrides))
                    return run_and_tell(space, (reviewer, reason))
                return _if_new(project, (reviewer, reason), polled, force)
        finally:
            lock.unlink()


def _if_new(project: Path, review: Review, polled: bool, force: bool) -> State[Any]:
    """Run the chain if there is a reason to, and note how it ended for the next look."""
    commit = head(project)
    inputs, chosen = news.inputs_of(project, commit), news.params_at(project, commit)
    if not (force or news.news(project, inputs)):
        return nothing(_handed_on_late(project, commit) or news.nothing_new(project))
    if polled and (why := news.given_up(project, inputs, chosen.run.retries)):
        return nothing(f"Not run again: {why}.")
    if commit and (left_out := changed(project, *LAID_OUT)):
        words = "%s: changes that are not committed are left out; this run is of commit %s"
        get_run_logger().warning(words, ", ".join(left_out), commit)
    if deployment.id and (many := late_runs.skip(deployment.id, keep=0)):
        get_run_logger().info("%d runs that nobody began are cancelled: this one is enough.", many)
    return _noted(project, commit, inputs, review)


def _noted(project: Path, commit: str, inputs: Inputs, review: Review) -> State[Any]:
    news.begin(project, inputs)
    try:
        return run_and_tell(_workspace(project, commit), review, inputs)
    except FaircompressError as error:
        news.fail(project, inputs, str(error), over=not passes(error))
        raise


def _workspace(project: Path, commit: str) -> Workspace:
    """Lay out a commit; a project that git does not hold is worked on where it lies."""
    return prepare(project, commit=commit) if commit else Workspace(project, project)


def run_and_tell(space: Workspace, review: Review, inputs: Inputs | None = None) -> State[Any]:
    """Fetch what others computed, run the chain, hand its results on, tell, tidy up.

    Args:
        space: Where.
        review: Of limits that changed after a look at the test set.
        inputs: What the run stands on; None: it is no retraining.

    Raises:
        RemoteFailed: If the model passed, and only this machine has the results.
        GitFailed: If the model passed, and its results are not on the branch.
    """
    _trouble(lambda: pull(space.folder))
    if space.commit:
        _trouble(lambda: pull_data(space.project))
        _trouble(lambda: _hear(space))
    try:
        end = _ended(space, review)
    except BaseException:
        _trouble(lambda: push(space.folder))
        raise
    unpublished, unpushed = _handed_on(space)
    if inputs:
        words, shared = str(end.message), not (unpublished or unpushed)
        news.finish(space.project, inputs, words, shared=shared)
    _tell_and_tidy(space)
    if end.is_completed() and unpushed:
        raise RemoteFailed(f"{end.message} But only this machine has the results: {unpushed}")
    if end.is_completed() and unpublished:
        raise GitFailed(f"{end.message} But it is not on the branch {BRANCH}: {unpublished}")
    return end


def _ended(space: Workspace, review: Review) -> State[Any]:
    """Run the chain; return the state of its verdict. After trouble with a server try again."""
    # here, because it loads MLflow, which a look without news does not need
    from flows.compress import GateFailed, NotRecorded, Undecided, compress, state_of

    def once() -> State[Any]:
        try:
            verdict: Any = compress(space.project, space.overrides, None, *review, space.commit)
        except (GateFailed, Undecided) as error:
            return state_of(error)
        except NotRecorded:
            _trouble(lambda: _publish(space))
            raise
        return Completed(message=verdict.sentence)

    return retried(once, news.params_at(space.project, space.commit))


def retried(run: Callable[[], State[Any]], chosen: Params) -> State[Any]:
    """Run something, again after trouble with a server; a verdict is never asked for twice."""
    left = chosen.run.retries
    while True:
        try:
            return run()
        except FaircompressError as error:
            if not (left and passes(error)):
                raise
            words, pause = "%s Tried again in %s, at most %d times.", chosen.run.retry_delay
            get_run_logger().warning(words, error, pause, left)
            left -= 1
            time.sleep(seconds(pause))


def passes(error: StateError | FaircompressError) -> bool:
    """Tell whether it is a server's trouble, which passes, and no fault of data, code or params."""
    from faircompress.orchestration.stage_tasks import DvcBusy
    from flows.compress import NotRecorded

    return isinstance(error, StoreFailed | RemoteFailed | GitFailed | NotRecorded | DvcBusy)


def _handed_on(space: Workspace) -> tuple[str, str]:
    """Commit the results and push them; return what was in the way of each."""
    unpublished = _trouble(lambda: _publish(space))
    unpushed = [_trouble(lambda: push(space.folder))]
    if not unpublished:
        unpushed += [_trouble(lambda: _share(space))]
    return unpublished, " ".join(filter(None, unpushed))


def _handed_on_late(project: Path, commit: str) -> str:
    """Hand on what the last run could not; return what was done, nothing if all was well."""
    last = news.finished(project)
    if last is None or last.shared:
        return ""
    trouble = [words for words in _handed_on(_workspace(project, commit)) if words]
    if not trouble:
        news.finish(project, last.inputs, last.words)
    return f"Nothing new; handed on the last results: {' '.join(trouble) or 'done'}."


def _publish(space: Workspace) -> None:
    """Commit the results of a run to the branch ``runs``, if it worked on a commit."""
    from faircompress.orchestration.publishing import publish

    if space.commit and (words := publish(space)):
        get_run_logger().info(words)


def _share(space: Workspace) -> None:
    """Push the branch ``runs`` to where params say, joined with what other workers pushed."""
    from faircompress.orchestration.sharing import share

    remote = news.params_at(space.project, space.commit).run.push
    if space.commit and remote and (words := share(space.project, remote)):
        get_run_logger().info(words)


def _hear(space: Workspace) -> None:
    """Take what other workers attested: what they promoted is no tampering."""
    from faircompress.orchestration.sharing import hear

    if remote := news.params_at(space.project, space.commit).run.push:
        hear(space.project, remote)


def _tell_and_tidy(space: Workspace) -> None:
    """Send messages and remove old runs; neither changes a verdict."""
    from faircompress.orchestration.notify import tell
    from faircompress.orchestration.retention import tidy
    from flows.compress import ENDING

    chosen = news.params_at(space.project, space.commit)
    for message in ENDING.messages:
        for words in tell(chosen.notify, message):
            get_run_logger().warning(words)
    for words in tidy(space.project, chosen):
        get_run_logger().warning(words)


def nothing(words: str) -> State[Any]:
    """Say in one line that nothing was done."""
    print(words, flush=True)
    return Completed(name="NothingNew", message=words)


def _trouble(step: Callable[[], object]) -> str:
    """Take a step; return what was in the way: it stops no run and hides no verdict."""
    try:
        step()
    except (RemoteFailed, GitFailed) as error:
        get_run_logger().warning(str(error))
        return str(error)
    return ""


def lock_of(project: Path, run: str) -> Path:
    """Return the lock that the process of a flow run holds as long as it lives."""
    return project / ".checkpoints" / "scheduled" / f"{run}.lock"
