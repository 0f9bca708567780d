"""Webhooks of the MLflow server: it tells of new versions and moved aliases, whoever moved them.

The chain's own messages come from the process that runs it. An alias that somebody moves in
MLflow's page is seen by the server alone, so the server sends these.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from mlflow.entities.webhook import Webhook, WebhookAction, WebhookEntity, WebhookEvent
from mlflow.exceptions import MlflowException

from faircompress.registry.mlflow_runs import Store
from faircompress.support.errors import StateError

EVENTS = (
    (WebhookEntity.MODEL_VERSION, WebhookAction.CREATED),
    (WebhookEntity.MODEL_VERSION_ALIAS, WebhookAction.CREATED),
    (WebhookEntity.MODEL_VERSION_ALIAS, WebhookAction.DELETED),
)


class NoWebhooks(StateError):
    """MLflow sends none to this address."""


def send_to(store: Store, owner: str, urls: Mapping[str, str]) -> None:
    """Have the server tell these addresses, and none that it told before for the same owner.

    Args:
        store: Where; a server.
        owner: For whom, such as a registered model's name.
        urls: Address by a name of its own.

    Raises:
        NoWebhooks: If it refuses an address, which is not repeated.
    """
    ours = f"faircompress-{_short(owner)}-"
    known = {hook.name: hook for hook in _known(store) if hook.name.startswith(ours)}
    wanted = {f"{ours}{_short(name)}": (name, url) for name, url in urls.items()}
    for name in known.keys() - wanted.keys():
        store.client.delete_webhook(known[name].webhook_id)
    for name, (receiver, url) in wanted.items():
        try:
            _put(store, known.get(name), name, url, f"faircompress: {owner}: {receiver}")
        except MlflowException as error:
            raise NoWebhooks(_refusal(str(error).replace(url, "the address"))) from None


def _short(text: str) -> str:
    """Return a mark of a text in letters that MLflow takes for a name."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _known(store: Store) -> list[Webhook]:
    found: list[Webhook] = []
    page = store.client.list_webhooks()
    while True:
        found += page
        if not page.token:
            return found
        page = store.client.list_webhooks(page_token=page.token)


def _put(store: Store, known: Webhook | None, name: str, url: str, about: str) -> None:
    if known is None:
        events: list[Any] = [WebhookEvent(*event) for event in EVENTS]
        store.client.create_webhook(name, url, events, description=about)
    elif known.url != url:
        store.client.update_webhook(known.webhook_id, url=url)


def _refusal(words: str) -> str:
    """Say what the server said, and what it takes."""
    with suppress(IndexError):
        words = words.splitlines()[0]
    return (
        f"the MLflow server refuses it: {words} It tells public https addresses; for others it "
        "must be started with MLFLOW_WEBHOOK_ALLOWED_SCHEMES and MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS"
    )
