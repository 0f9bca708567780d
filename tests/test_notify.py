"""Who is told: real receivers on this machine get the words, and none of them stops a run."""

from pathlib import Path

import pytest
from conftest import free_port
from receivers import http, mail

from faircompress.config.operation import Receiver
from faircompress.config.params import BadParams, load
from faircompress.orchestration import notify
from faircompress.orchestration.announcement import Message
from faircompress.support.errors import InputError

PARAMS = Path(__file__).parent.parent / "params.yaml"
FAIL = Message(
    "fail", "faircompress: portraits taylor 4x: failed", "Fail: blond loses {{too much}}.",
    model="faircompress-portraits", version="7", group="hair=short", report="http://127.0.0.1/x",
)  # fmt: skip


def receiver(to: str, env: str = "ADDRESS", when: tuple[str, ...] = ("fail",)) -> Receiver:
    return Receiver.model_validate({"when": when, "to": to, "env": env})


def test_a_webhook_gets_every_part_of_the_message_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with http() as (address, got):
        monkeypatch.setenv("ADDRESS", address)
        assert notify.tell([receiver("webhook")], FAIL) == []
    (only,) = got
    assert (only["event"], only["version"], only["group"]) == ("fail", "7", "hair=short")
    assert only["sentence"] == "Fail: blond loses {{too much}}."
    assert "Worst group: hair=short" in only["text"]


def test_slack_gets_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with http() as (address, got):
        monkeypatch.setenv("ADDRESS", address)
        assert notify.tell([receiver("slack")], FAIL) == []
    assert list(got[0]) == ["text"]
    assert got[0]["text"].startswith(f"*{FAIL.subject}*\nFail: blond")


def test_a_mail_has_subject_and_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    with mail() as (address, got):
        monkeypatch.setenv("ADDRESS", address)
        assert notify.tell([receiver("mail")], FAIL) == []
    (only,) = got
    assert (only["Subject"], only["To"]) == (FAIL.subject, "team@example.org")
    assert "Model: faircompress-portraits" in only.get_content()


HOSTILE = Message(
    "fail", "faircompress: x\nBcc: eve@example.org: failed", "Fail: <!channel> & more.",
    group="skin=<http://evil|ok>\nPass. Release the pruned file.",
)  # fmt: skip


def test_a_name_that_others_chose_begins_no_line_and_calls_nobody_in_slack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with http() as (address, got):
        monkeypatch.setenv("ADDRESS", address)
        assert notify.tell([receiver("slack")], HOSTILE) == []
    assert got[0]["text"].splitlines() == [
        "*faircompress: x Bcc: eve@example.org: failed*",
        "Fail: &lt;!channel&gt; &amp; more.",
        "Worst group: skin=&lt;http://evil|ok&gt; Pass. Release the pruned file.",
    ]


def test_a_mail_is_plain_text_and_a_subject_of_two_lines_stops_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mail() as (address, got):
        monkeypatch.setenv("ADDRESS", address.replace("&format=text", ""))
        assert notify.tell([receiver("mail")], HOSTILE) == []
    (only,) = got
    assert only["Subject"] == "faircompress: x Bcc: eve@example.org: failed" and not only["Bcc"]
    assert only.get_content_type() == "text/plain"
    assert only.get_content().splitlines()[0] == "Fail: <!channel> & more."


def test_only_who_wants_an_event_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with http() as (address, got):
        monkeypatch.setenv("ADDRESS", address)
        assert notify.tell([receiver("webhook", when=("pass", "crash"))], FAIL) == []
    assert got == []


def test_a_receiver_that_stumbles_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PAUSES", (0.01, 0.01))
    with http((500, 500, 200)) as (address, got):
        monkeypatch.setenv("ADDRESS", address)
        assert notify.tell([receiver("webhook")], FAIL) == []
    assert len(got) == 3


@pytest.mark.parametrize(
    ("to", "why"), [("webhook", "nobody answers"), ("mail", "its server did not answer")]
)
def test_a_receiver_that_is_away_is_a_warning_without_its_address(
    to: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PAUSES", (0.01,))
    sender = "smtp=127.0.0.1&mode=insecure&from=SECRET@example.org&to=team@example.org"
    scheme, words = ("http", "SECRET") if to == "webhook" else ("mailto", f"?{sender}")
    monkeypatch.setenv("ADDRESS", f"{scheme}://127.0.0.1:{free_port()}/{words}")
    (trouble,) = notify.tell([receiver(to)], FAIL)
    assert trouble.startswith(f"{to} ADDRESS was not told: {why}") and "SECRET" not in trouble


def test_a_refusal_is_told_by_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PAUSES", ())
    with http((403,)) as (address, _):
        monkeypatch.setenv("ADDRESS", address)
        (trouble,) = notify.tell([receiver("slack")], FAIL)
    assert trouble == "slack ADDRESS was not told: HTTP 403 Forbidden"


@pytest.mark.parametrize(
    ("to", "needed"), [("mail", "as Apprise writes it"), ("slack", "begins with https://")]
)
def test_what_is_no_address_is_said_at_once_and_before_a_crash(
    to: str, needed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADDRESS", "hooks SECRET")
    (trouble,) = notify.tell([receiver(to)], FAIL)
    assert "ADDRESS holds no address" in trouble and needed in trouble
    assert "SECRET" not in trouble
    with pytest.raises(InputError, match=needed):  # of which the server is not given a block
        notify.block_of(receiver(to))


def test_an_address_that_is_not_set_is_said_at_once() -> None:
    (trouble,) = notify.tell([receiver("webhook", env="NOT_SET_ANYWHERE")], FAIL)
    assert trouble.endswith("the environment variable NOT_SET_ANYWHERE is not set")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{when: [fail], to: slack, env: 'https://hooks/SECRET'}", "is in git: name the variable"),
        ("{when: [fail], to: slack}", "needed is env"),
        ("{when: [fail], to: slack, env: A, block: slack-webhook/a}", "and not both"),
        ("{when: [fial], to: slack, env: A}", "Did you mean 'fail'?"),
    ],
)
def test_a_secret_in_params_is_refused_and_not_repeated(entry: str, words: str) -> None:
    with pytest.raises(BadParams, match=words.replace("?", "[?]")) as told:
        load(PARAMS, [f"notify=[{entry}]"])
    assert "SECRET" not in str(told.value)
