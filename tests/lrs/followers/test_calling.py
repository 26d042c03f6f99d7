"""Webhooks are called about what happens, at least once, signed, and told nothing about people."""

import base64
import hashlib
import hmac
import json
import re
import time

import pytest

from lrs.followers.calling import DAYS
from lrs.store.entries import Entry
from schemas.sharing.events import EVENTS, data_of, event_of, signature

HOUR = 3600 * 1_000_000


def wait(until, seconds=15):
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
    return found


@pytest.fixture
def webhook(giver, stranger):
    def make(*events, **changes):
        wanted = {"url": f"{stranger.url}/hook", "events": list(events or EVENTS)} | changes
        return giver.ask("POST", "/api/webhooks", wanted, 201)

    return make


def shown(giver, made):
    return giver.ask("GET", f"/api/webhooks/{made['id']}")


def heard(stranger):
    return [json.loads(body) for _, _, body in stranger.heard]


def test_a_try_is_signed_so_that_the_receiver_can_tell(giver, stranger, webhook, worker):
    made = webhook()
    event = giver.ask("POST", f"/api/webhooks/{made['id']}/test", None, 202)["id"]
    with worker(giver):
        wait(lambda: stranger.heard)
        wait(lambda: shown(giver, made)["last_called"])
    ((path, headers, body),) = stranger.heard
    assert path == "/xapi/hook"
    assert headers["webhook-id"] == event
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    # As Standard Webhooks have it, written anew.
    secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
    signed = f"{event}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    assert told["type"] == "webhook.test"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", told["timestamp"])
    assert told["data"] == {"id": made["id"], "organisation": giver.name}


def test_the_signature_is_that_of_the_standard_s_own_example():
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


def test_what_is_asked_for_is_told_from_then_on_and_nothing_else(giver, stranger, webhook, worker):
    giver.store.audit.append(giver.org, Entry("cli", "agreement.accepted", "00000000000000aa"))
    webhook("agreement.changed", "request.received")
    entries = [
        Entry("cli", "agreement.ended", "00000000000000bb", {"fields": ["level"], "version": 3}),
        Entry("cli", "credential.created", "some"),
        Entry("cli", "request.recorded", "0123", {"type": "access"}),
        Entry("worker", "forward.failed", "4567", {"agreement": "00000000000000bb", "failures": 5}),
    ]
    giver.store.audit.append(giver.org, *entries)
    with worker(giver):
        wait(lambda: len(stranger.heard) == 2)
        time.sleep(1)
    assert sorted((each["type"], each["data"]["id"]) for each in heard(stranger)) == [
        ("agreement.changed", "00000000000000bb"),
        ("request.received", "0123"),
    ]
    assert heard(stranger)[0]["data"].get("version", 3) == 3


def test_it_is_told_again_under_its_id_until_it_is_heard(giver, stranger, webhook, worker):
    made = webhook()
    stranger.said = lambda *_: (500, {}, b"")
    giver.ask("POST", f"/api/webhooks/{made['id']}/test", None, 202)
    with worker(giver):
        wait(lambda: shown(giver, made)["last_error"] == "It answers with 500")
        assert shown(giver, made)["pending"] == 1
        stranger.said = lambda *_: (204, {}, b"")
        giver.ask("PATCH", f"/api/webhooks/{made['id']}", {"label": "x"})
        wait(lambda: shown(giver, made)["pending"] == 0)
        assert shown(giver, made)["last_error"] is None
    assert len({headers["webhook-id"] for _, headers, _ in stranger.heard}) == 1
    assert len(stranger.heard) == 2


@pytest.mark.parametrize(("age", "status", "reason"), [(DAYS * 24 + 1, 500, "no_answer"), (0, 410, "gone")])
def test_who_does_not_answer_for_days_or_is_gone_is_disabled_and_that_is_told(
    giver, stranger, webhook, worker, age, status, reason
):
    made = webhook()
    stranger.said = lambda *_: (status, {}, b"")
    giver.ask("POST", f"/api/webhooks/{made['id']}/test", None, 202)
    giver.store.database["deliveries"].update_many({}, {"$inc": {"created": -age * HOUR}})
    with worker(giver):
        wait(lambda: shown(giver, made)["state"] == "disabled")
    found = shown(giver, made)
    assert (found["reason"], found["pending"]) == (reason, 0)
    assert giver.audited("webhook.disabled") == [("webhook.disabled", {"reason": reason})]
    giver.ask("POST", f"/api/webhooks/{made['id']}/test", None, 409)
    again = giver.ask("PATCH", f"/api/webhooks/{made['id']}", {"disabled": False})
    assert (again["state"], again["reason"]) == ("active", None)


def test_new_versions_of_what_is_shared_are_told_to_who_takes(giver, stranger, webhook, worker, agree):
    agreement = agree(taker=giver.org, taker_id=giver.name, giver=b"somebody")
    webhook("shared.changed")
    giver.store.shares.begin(agreement.id)
    giver.store.shares._runs.update_one({"_id": agreement.id}, {"$set": {"version": 7}})
    with worker(giver):
        wait(lambda: stranger.heard)
    assert [each["data"] for each in heard(stranger)] == [{"agreement": agreement.id, "version": 7}]


def test_the_secret_is_shown_once_kept_sealed_and_can_be_another(giver, webhook):
    made = webhook()
    assert "secret" not in shown(giver, made)
    raw = base64.b64decode(made["secret"].removeprefix("whsec_"))
    assert len(raw) == 32
    row = giver.store.database["webhooks"].find_one({"_id": made["id"]})
    assert raw not in row["secret"]
    assert giver.ask("POST", f"/api/webhooks/{made['id']}/secret", None, 201)["secret"] != made["secret"]


def test_it_can_be_changed_and_removed_and_what_cannot_be_called_is_refused(giver, webhook):
    made = webhook("forward.failed", label="Cổng")
    path = f"/api/webhooks/{made['id']}"
    assert giver.ask("PATCH", path, {"events": ["pull.failed"]})["events"] == ["pull.failed"]
    assert [each["id"] for each in giver.ask("GET", "/api/webhooks")["webhooks"]] == [made["id"]]
    for url in ("ftp://x", "http://hoc.example.vn/hook", "https://10.0.0.1/x", "http://127.0.0.2/x"):
        giver.ask("PATCH", path, {"url": url}, 400)
        refused = giver.ask("POST", "/api/webhooks", {"url": url, "events": EVENTS}, 400)
        assert [each["path"] for each in refused["errors"]] == ["url"]
    giver.ask("POST", "/api/webhooks", {"url": "https://x.vn", "events": ["x"]}, 400)
    giver.ask("DELETE", path, None, 204)
    giver.ask("GET", path, None, 404)
    assert [action for action, _ in giver.audited("webhook")] == [
        "webhook.created",
        "webhook.changed",
        "webhook.removed",
    ]


def test_of_details_ids_words_of_ours_and_numbers_are_told():
    details = {"agreement": "aa", "by": "someone", "statements": 5, "whole": True, "fields": ["x"], "reason": "ended"}
    told = {"id": "1", "action": "forward.stopped", "agreement": "aa", "statements": 5, "reason": "ended"}
    assert data_of("forward.stopped", "1", details) == told
    assert event_of("forward.stopped") == "forward.failed"
    assert event_of("credential.created") is None


@pytest.mark.parametrize(
    "asked", ["9" * 400, "1" * 20, "Mon, 1 Jan 99999999999999999999 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "²"]
)
def test_whatever_it_asks_for_it_is_tried_again_within_the_hour_and_not_at_once(
    giver, stranger, webhook, worker, asked
):
    made = webhook()
    stranger.said = lambda *_: (503, {"Retry-After": asked}, b"")
    giver.ask("POST", f"/api/webhooks/{made['id']}/test", None, 202)
    with worker(giver):
        wait(lambda: shown(giver, made)["last_error"] == "It answers with 503")
        time.sleep(1)
    assert len(stranger.heard) == 1
    row = giver.store.database["deliveries"].find_one({"webhook": made["id"]})
    assert (row["tried"], row["again"] < time.time() * 1_000_000 + HOUR) == (1, True)


def test_where_nobody_answers_nothing_else_is_told_for_a_while_and_then_everything(giver, stranger, webhook, worker):
    made = webhook()
    stranger.said = lambda *_: (503, {}, b"")
    for _ in range(5):
        giver.ask("POST", f"/api/webhooks/{made['id']}/test", None, 202)
    with worker(giver):
        wait(lambda: shown(giver, made)["last_error"])
        time.sleep(1.2)
        assert len(stranger.heard) == 1
        stranger.said = lambda *_: (204, {}, b"")
        giver.ask("PATCH", f"/api/webhooks/{made['id']}", {"label": "x"})
        wait(lambda: shown(giver, made)["pending"] == 0)
    assert len(stranger.heard) == 6
