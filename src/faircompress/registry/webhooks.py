"""Webhooks of the MLflow server: it tells of new versions and moved aliases, whoever moved them.

The chain's own messages come from the process that runs it. An alias that somebody moves in
MLflow's page is seen by the server alone, so the server sends these.
"""

from collections.abc import Mapping

from mlflow.entities.webhook import Webhook
from mlflow.exceptions import MlflowException

from faircompress.registry.mlflow_runs import Store
from faircompress.support.errors import StateError

EVENTS = ("model_version.created", "model_version_alias.created", "model_version_alias.deleted")


class NoWebhooks(StateError):
    """MLflow sends none to this address."""


def send_to(store: Store, owner: str, urls: Mapping[str, str]) -> None:
    """Have the server tell these addresses, and none that it told before under the same owner.

    Args:
        store: Where; a server.
        owner: Begins the name of each webhook.
        urls: Address by a name of its own.

    Raises:
        NoWebhooks: If it refuses an address, which is not repeated.
    """
    known = {hook.name: hook for hook in _known(store) if hook.name.startswith(f"{owner} ")}
    wanted = {f"{owner} {name}": url for name, url in urls.items()}
    for name in known.keys() - wanted.keys():
        store.client.delete_webhook(known[name].webhook_id)
    for name, url in wanted.items():
        if name not in known or known[name].url != url:
            _replace(store, known.get(name), name, url)


def _known(store: Store) -> list[Webhook]:
    found, token = [], None
    while True:
        page = store.client.list_webhooks(page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _replace(store: Store, known: Webhook | None, name: str, url: str) -> None:
    try:
        store.client.create_webhook(name, url, list(EVENTS), description="by faircompress")
    except MlflowException as error:
        why = str(error).replace(url, "the address").splitlines()[0]
        raise NoWebhooks(
            f"the MLflow server refuses: {why} It tells public https addresses, unless it was "
            "started with MLFLOW_WEBHOOK_ALLOWED_SCHEMES and MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS"
        ) from None
    if known is not None:
        store.client.delete_webhook(known.webhook_id)
