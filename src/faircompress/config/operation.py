"""How the chain is run when nobody watches: sections ``run``, ``keep`` and ``notify`` of params.

No stage depends on them: a change of one computes nothing anew, and starts no run.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from faircompress.config.bounds import Count
from faircompress.config.plugins import Section, names
from faircompress.support.errors import InputError

OPERATION = ("run", "keep", "notify")  # sections that change no result
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(words: str) -> int:
    """Return the seconds of a duration such as ``90s``, ``15m``, ``6h`` or ``2d``.

    Raises:
        InputError: If it is none.
    """
    found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", words)
    if not found:
        raise InputError(f"{words!r} is no duration; needed: such as 90s, 15m, 6h or 2d")
    return int(found[1]) * UNITS[found[2]]


def _duration(words: str) -> str:
    seconds(words)
    return words


Duration = Annotated[str, AfterValidator(_duration)]
STAGES = names("stages")
Event = Literal["pass", "fail", "review", "alarm", "crash", "registry"]


class Run(Section):
    """What is done about a stage that hangs, and about a server that is away."""

    timeouts: Annotated[
        dict[Literal[STAGES], Duration],  # type: ignore[valid-type]  # the files found
        Field(description="a stage that takes longer is stopped with all that it started"),
    ] = {}
    retries: Annotated[
        int,
        Field(ge=0, le=100, description="of a retraining, after server trouble or a killed run"),
    ] = 2
    retry_delay: Annotated[Duration, Field(description="before such a try")] = "1m"
    push: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$",
            description="git remote, such as origin, to which a scheduled run pushes the branch "
            "runs, joined with what other workers pushed there; null: nothing is pushed",
        ),
    ] = None

    def limit(self, stage: str) -> int | None:
        """Return the seconds that a stage may take; None: as many as it likes."""
        found = self.timeouts.get(stage)
        return None if found is None else seconds(found)


class Keep(Section):
    """What a retraining leaves in place of older runs; null keeps all.

    Nothing of the champions, the previous champion, the challenger and of what waits for a review
    is ever removed.
    """

    runs: Annotated[Count | None, Field(description="retrainings in MLflow, with their files")] = (
        None
    )
    variants: Annotated[
        Count | None, Field(description="folders under variants/, the latest; studies' stay")
    ] = None
    checkpoints: Annotated[
        Duration | None, Field(description="age of a stopped training's epochs")
    ] = None
    logs: Annotated[
        Duration | None, Field(description="age of finished runs at the Prefect server")
    ] = None


class Receiver(Section):
    """Who is told of what.

    The address holds a secret, so it stands in an environment variable or in a Prefect block.
    """

    # not `on`, which YAML reads as true
    when: Annotated[list[Event], Field(min_length=1, description="what is told")]
    to: Annotated[
        Literal["webhook", "slack", "mail"], Field(description="how the message is written")
    ]
    env: Annotated[
        str | None,
        Field(description="environment variable that holds the address"),
    ] = None
    block: Annotated[
        str | None,
        Field(description="notification block at the Prefect server, such as slack-webhook/team"),
    ] = None


def _with_address(receiver: Receiver) -> Receiver:
    """See that an address is named, once, and not written here."""
    if (receiver.env is None) == (receiver.block is None):
        raise InputError(
            "needed is env, the name of an environment variable with the address, or block, the "
            "name of a Prefect block, and not both"
        )
    if receiver.env is not None and not re.fullmatch(r"[A-Za-z_]\w*", receiver.env):
        raise InputError(
            "env is no name of an environment variable. Addresses hold secrets, and this file is "
            "in git: name the variable that holds it"
        )
    if "registry" in receiver.when and (receiver.to != "webhook" or receiver.env is None):
        raise InputError(
            "registry is told by the MLflow server itself, in JSON of its own: needed are to: "
            "webhook, and env"
        )
    if receiver.block is not None and not re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", receiver.block):
        raise InputError("block is not TYPE/NAME, such as slack-webhook/team")
    return receiver


Notify = list[Annotated[Receiver, AfterValidator(_with_address)]]
