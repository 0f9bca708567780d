"""Messages to receivers that params name. A receiver that is away changes no verdict.

Prefect's notification blocks send them. An address is read from the environment or from a block at
the Prefect server when it is needed, and is never written to a log.
"""

import os
import re
import time
from collections.abc import Iterable
from functools import reduce
from typing import Any

from httpx import ConnectError, HTTPError, TimeoutException
from prefect.blocks.abstract import NotificationBlock, NotificationError
from prefect.blocks.core import Block
from prefect.blocks.fields import SecretDict
from prefect.blocks.notifications import CustomWebhookNotificationBlock, SlackWebhook
from prefect.exceptions import PrefectException
from pydantic import SecretStr

from faircompress.config.operation import Event, Receiver
from faircompress.orchestration.announcement import Message
from faircompress.support.errors import InputError

PATIENCE = 7.0  # seconds for an answer
PAUSES = (1.0, 4.0)  # seconds before a second and a third try
TROUBLE = (HTTPError, NotificationError, PrefectException, OSError, ValueError, RuntimeError)
CONTENT = {
    "webhook": {"subject": "{{subject}}", "text": "{{body}}"},
    "slack": {"text": "*{{subject}}*\n{{body}}"},  # what Slack and Mattermost take
}
NO_MAIL = "holds no address as Apprise writes it, such as mailtos://USER:PASSWORD@HOST/?to=TEAM"
NO_WEB = "holds no address: needed is one that begins with https:// or http://"
LASTING = ("is not set", "holds no address")  # tried again, it is the same
SAID = (  # the first that fits
    (TimeoutException, f"no answer within {PATIENCE:g} s"),
    (ConnectError, "nobody answers at its address"),
    (NotificationError, "its server did not answer, or refused it"),
)
MARKS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))  # of Slack's markup, and how to write them
TEST = Message(
    "pass",
    "faircompress: a test",
    "This is a test of `notify` in params.yaml: nothing happened.",
)


def tell(receivers: Iterable[Receiver], message: Message) -> list[str]:
    """Send a message to each receiver that wants it; return what went wrong, a sentence each."""
    return [
        trouble
        for receiver in receivers
        if message.event in receiver.when and (trouble := _sent(receiver, message))
    ]


def test(receivers: Iterable[Receiver]) -> dict[str, str]:
    """Send a test to each receiver; return what went wrong by receiver, empty: it was taken."""
    return {name_of(receiver): _sent(receiver, TEST) for receiver in receivers}


def name_of(receiver: Receiver) -> str:
    """Return how a receiver is called: never its address."""
    return f"{receiver.to} {receiver.env or receiver.block}"


def block_of(receiver: Receiver, message: Message | None = None) -> NotificationBlock:
    """Return the Prefect block that reaches a receiver.

    Args:
        receiver: Whom.
        message: Whose parts are keys of what a webhook gets; None: subject and text alone.

    Raises:
        InputError: If its environment variable is not set, or holds no address.
    """
    if receiver.block:
        found = Block.load(receiver.block)
        if not isinstance(found, NotificationBlock):
            raise InputError(
                f"the block {receiver.block} sends no notifications; name one that does"
            )
        return found
    url = os.environ.get(receiver.env or "", "")
    if not url:
        raise InputError(f"the environment variable {receiver.env} is not set")
    if receiver.to == "mail":
        # takes every address that Apprise knows; Prefect has no block of its own for SMTP
        mail = SlackWebhook(url=SecretStr(_as_text(url)))
        if not len(mail._apprise_client):
            raise InputError(f"the environment variable {receiver.env} {NO_MAIL}")
        return mail
    if not url.startswith(("http://", "https://")):
        raise InputError(f"the environment variable {receiver.env} {NO_WEB}")
    content = dict(CONTENT[receiver.to])
    values = message.values if message and receiver.to == "webhook" else {}
    content |= {key: f"{{{{{key}}}}}" for key in values}
    return CustomWebhookNotificationBlock(
        name="faircompress",
        url=url,
        json_data=content,
        headers=None,
        cookies=None,
        timeout=PATIENCE,
        secrets=SecretDict(values),
    )


def _as_text(mail: str) -> str:
    """Return a mail's address with a word for plain text: Apprise's own choice is HTML."""
    if re.search(r"[?&]format=", mail):
        return mail
    return f"{mail}{'&' if '?' in mail else '?'}format=text"


def _texts(message: Message) -> tuple[str, str]:
    return message.body, message.title


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is: in it `<!channel>` calls nobody."""
    return reduce(lambda t, pair: t.replace(*pair), MARKS, text)


def _sent(receiver: Receiver, message: Message) -> str:
    """Send a message, trying again; return why it was not taken."""
    for pause in (*PAUSES, 0.0):
        why = _once(receiver, message)
        if not why:
            return ""
        if pause == 0.0 or any(words in why for words in LASTING):
            break
        time.sleep(pause)
    return f"{name_of(receiver)} was not told: {why}"


def _once(receiver: Receiver, message: Message) -> str:
    try:
        block: Any = block_of(receiver, message)
        with block.raise_on_failure():
            body, title = (escaped(t) if receiver.to == "slack" else t for t in _texts(message))
            block.notify(body, subject=title)
    except TROUBLE as error:
        return _without_address(receiver, error)
    return ""


def _without_address(receiver: Receiver, error: Exception) -> str:
    """Return what went wrong without the secret address, which libraries like to name."""
    if isinstance(error, InputError):
        return str(error)
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason_phrase}"
    return next((words for kind, words in SAID if isinstance(error, kind)), type(error).__name__)


def wanted(receivers: Iterable[Receiver], event: Event) -> list[Receiver]:
    """Return who wants to hear of an event."""
    return [receiver for receiver in receivers if event in receiver.when]
