"""Statements go to the stores of partners: those of the agreement, once, and no longer than it is in force."""

import hashlib
import json
import time
import uuid
from datetime import date

import pytest

from lrs.services.agreements import PURPOSE
from lrs.services.backoff import LONGEST, pause
from lrs.services.metrics import Metrics
from lrs.services.partners import reason_of
from lrs.services.progress import Progress
from lrs.services.seals import Seals
from lrs.store.agreements import Key
from schemas.sharing.agreements import Filter
from schemas.training.terms import BASE

EVERYTHING = ("all", "admin", "share", "audit/read", "credentials")
PEPPER = "a pepper for tests, of 32 characters or more"

COMPLETED, PASSED, EXPERIENCED, VOIDED = (
    f"http://adlnet.gov/expapi/verbs/{verb}" for verb in ("completed", "passed", "experienced", "voided")
)
COURSE = {
    "id": "https://hoc.example.vn/courses/an-toan-so",
    "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
}


def person(number):
    return {"account": {"homePage": "https://sso.vnuhcm.example.vn", "name": f"hv-{number:04}"}}


def done(number, verb=COMPLETED, **changes):
    usual = {
        "id": str(uuid.uuid4()),
        "actor": person(number),
        "verb": {"id": verb},
        "object": COURSE,
        "timestamp": "2026-08-15T03:00:00Z",
    }
    return usual | changes


def voiding(target):
    return {
        "id": str(uuid.uuid4()),
        "actor": person(0),
        "verb": {"id": VOIDED},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def wait(until, seconds=15):
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
    return found


@pytest.fixture
def forward(giver):
    """Let the giver forward by an agreement to somebody; return what asks for it."""

    def make(agreement, to, **changes):
        url, key = to if isinstance(to, tuple) else (to.url, f"relay-{to.key}" if hasattr(to, "key") else "key")
        wanted = {"agreement": agreement.id, "url": url, "key": key, "secret": "secret"} | changes
        made = giver.ask("POST", "/api/forwards", wanted, 201)
        path = f"/api/forwards/{made['id']}"
        return lambda: giver.ask("GET", path)

    return make


def caught_up(shown, **expected):
    found = shown()
    return found["lag"] == 0 and all(found[name] == value for name, value in expected.items())


def test_what_the_agreement_covers_arrives_once_with_its_origin_and_again_nothing(giver, taker, agree, forward, worker):
    agreement = agree(filter=Filter(verbs=("completed", "passed"), since=date(2026, 1, 1), until=date(2026, 12, 31)))
    sent = [done(number, PASSED if number % 2 else COMPLETED) for number in range(50)]
    kept = [done(number, EXPERIENCED) for number in range(5)]
    kept += [done(number, timestamp="2025-12-31T16:59:59Z") for number in range(5)]
    giver.post(*kept[:5], *sent, *kept[5:])
    shown = forward(agreement, taker)
    with worker(giver):
        wait(lambda: caught_up(shown, sent=50))
    there = {each["id"]: each for each in taker.statements()}
    here = {each["id"]: each for each in giver.statements()}
    assert there.keys() == {each["id"] for each in sent}
    for name, each in there.items():
        changed = {"stored": here[name]["stored"]}
        assert each | changed == here[name]
    with worker(giver):
        time.sleep(1.5)
        assert shown()["sent"] == 50
    assert giver.audited("forward.sent") == [
        ("forward.sent", {"agreement": agreement.id, "purpose": "joint-course", "statements": 50})
    ]


def test_pseudonyms_go_instead_of_people(giver, taker, agree, forward, worker):
    agreement = agree(level="pseudonymous")
    giver.post(*(done(number % 2, actor=person(number % 2) | {"name": "Người Thử"}) for number in range(6)))
    shown = forward(agreement, taker)
    with worker(giver):
        wait(lambda: caught_up(shown, sent=6))
    there = json.dumps(taker.statements())
    assert len({json.dumps(each["actor"]) for each in taker.statements()}) == 2
    assert "hv-0" not in there
    assert "Người" not in there
    assert giver.key not in there


def test_what_was_voided_does_not_go_and_what_is_voided_later_is_there_too(giver, taker, agree, forward, worker):
    early, late, kept = done(1), done(2), done(3)
    giver.post(early, late, kept)
    giver.post(voiding(early))
    shown = forward(agree(level="pseudonymous"), taker)
    with worker(giver):
        wait(lambda: caught_up(shown, sent=2))
        giver.post(voiding(late))
        wait(lambda: caught_up(shown, sent=3))
    assert len(taker.statements()) == 2
    assert [each["verb"]["id"] for each in taker.statements()].count(VOIDED) == 1


def test_attachments_go_along_where_people_are_named(giver, taker, agree, forward, worker):
    data = b"bang tot nghiep"
    sha2 = hashlib.sha256(data).hexdigest()
    about = {
        "usageType": "http://id.tincanapi.com/attachment/certificate-of-completion",
        "display": {"vi": "Bằng"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha2,
    }
    statement = done(1, attachments=[about])
    body = (
        b"--xyz\r\nContent-Type: application/json\r\n\r\n"
        + json.dumps(statement).encode()
        + b"\r\n--xyz\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: "
        + sha2.encode()
        + b"\r\n\r\n"
        + data
        + b"\r\n--xyz--\r\n"
    )
    headers = giver.headers | {"Content-Type": "multipart/mixed; boundary=xyz"}
    assert giver.app.test_client().post("/xapi/statements", data=body, headers=headers).status_code == 200
    giver.post(done(2))
    shown = forward(agree(), taker)
    with worker(giver):
        wait(lambda: caught_up(shown, sent=2))
    query = {"statementId": statement["id"], "attachments": "true"}
    answer = taker.app.test_client().get("/xapi/statements", query_string=query, headers=taker.headers)
    assert data in answer.data


def test_a_store_that_knows_1_0_3_only_gets_that(giver, stranger, agree, forward, worker):
    newer = {"contextAgents": [{"objectType": "contextAgent", "agent": person(9)}], "language": "vi"}
    giver.post(done(1, context=newer))
    shown = forward(agree(), stranger, version="1.0.3")
    with worker(giver):
        wait(lambda: caught_up(shown, sent=1))
    ((path, headers, body),) = stranger.heard
    assert (path, headers["X-Experience-API-Version"]) == ("/xapi/statements", "1.0.3")
    (got,) = json.loads(body)
    assert (got["version"], got["context"]) == ("1.0.0", {"language": "vi"})
    assert "stored" not in got


def test_one_that_is_refused_is_found_kept_with_the_reason_and_sent_again_or_given_up(
    giver, stranger, agree, forward, worker
):
    statements = [done(number) for number in range(40)]
    bad = {statements[7]["id"], statements[23]["id"]}

    def said(_, body):
        if any(each["id"] in bad for each in json.loads(body)):
            return 400, {}, json.dumps({"title": "No", "errors": [{"path": "actor", "message": "is wrong"}]}).encode()
        return 200, {}, b"[]"

    stranger.said = said
    giver.post(*statements)
    shown = forward(agree(), stranger)
    with worker(giver):
        wait(lambda: caught_up(shown, sent=38, dead=2))
        path = f"/api/forwards/{shown()['id']}/dead-letters"
        letters = giver.ask("GET", path)["letters"]
        assert {each["statement"] for each in letters} == bad
        assert {(each["status"], each["reason"], each["tried"]) for each in letters} == {
            (400, "No; actor: is wrong", 1)
        }
        page = giver.ask("GET", path, limit="1")
        assert giver.ask("GET", path, after=page["more"])["letters"] == letters[1:]
        healed = bad.pop()
        assert giver.ask("POST", f"{path}/retry", {}, 202) == {"count": 2}
        wait(lambda: caught_up(shown, sent=39, dead=1))
        (left,) = wait(lambda: [each for each in giver.ask("GET", path)["letters"] if each["tried"] == 2])
        assert left["statement"] != healed
    assert giver.ask("POST", f"{path}/drop", {"statements": [left["statement"]]}) == {"count": 1}
    assert giver.ask("GET", path)["letters"] == []
    assert [action for action, _ in giver.audited("forward.(retried|dropped)")] == [
        "forward.retried",
        "forward.dropped",
    ]


def test_trouble_is_waited_out_and_seen_meanwhile(giver, stranger, agree, forward, worker):
    stranger.said = lambda *_: (503, {"Retry-After": "2"}, b"")
    giver.post(done(1))
    shown = forward(agree(), stranger)
    with worker(giver):
        found = wait(lambda: shown() if shown()["last_error"] else None)
        assert (found["last_error"], found["sent"], found["state"]) == ("The partner answers with 503", 0, "running")
        assert found["lag"] > 0
        assert found["failing"] < found["again"]
        stranger.said = lambda *_: (200, {}, b"[]")
        begun = time.monotonic()
        wait(lambda: caught_up(shown, sent=1, last_error=None, failures=0, again=None))
        assert time.monotonic() - begun > 0.8
    assert len(stranger.heard) == 2


def test_nobody_is_asked_who_is_not_there_or_redirects(giver, stranger, agree, forward, worker):
    stranger.said = lambda *_: (302, {"Location": "http://127.0.0.1:1/"}, b"")
    giver.post(done(1))
    moved, gone = forward(agree(), stranger), forward(agree(), ("http://127.0.0.1:1/xapi", "key"))
    inside = forward(agree(), ("https://localhost/xapi", "key"))
    with worker(giver):
        assert wait(lambda: moved()["last_error"]) == "The partner answers with 302"
        assert "ConnectionRefusedError" in wait(lambda: gone()["last_error"])
        assert "LRS_PARTNER_HOSTS" in wait(lambda: inside()["last_error"])


def test_an_address_that_can_never_be_asked_is_no_address(giver, agree, forward):
    wanted = {"agreement": agree().id, "key": "k", "secret": "s"}
    path = f"/api/forwards/{forward(agree(), ('https://lrs.example.vn/xapi', 'key'))()['id']}"
    for url in ("http://lrs.example.vn/xapi", "https://10.1.2.3/xapi", "https://[::1]/xapi", "http://127.0.0.2:1/xapi"):
        refused = giver.ask("POST", "/api/forwards", wanted | {"url": url}, 400)
        assert [each["path"] for each in refused["errors"]] == ["url"]
        assert "LRS_PARTNER_HOSTS" in refused["errors"][0]["message"]
        giver.ask("PATCH", path, {"url": url, "secret": "s"}, 400)
    assert giver.ask("POST", "/api/forwards", wanted | {"url": "http://127.0.0.1:1/xapi"}, 201)


def test_a_slow_partner_holds_up_nobody_else(giver, taker, stranger, agree, forward, worker):
    stranger.said = lambda *_: (time.sleep(4), (200, {}, b"[]"))[1]
    slow = [forward(agree(), stranger) for _ in range(3)]
    quick = forward(agree(), taker)
    giver.post(*(done(number) for number in range(20)))
    with worker(giver):
        begun = time.monotonic()
        wait(lambda: caught_up(quick, sent=20))
        assert time.monotonic() - begun < 4
        assert [each()["sent"] for each in slow] == [0, 0, 0]


def test_paused_is_paused_until_it_is_resumed(giver, taker, agree, forward, worker):
    shown = forward(agree(), taker)
    path = f"/api/forwards/{shown()['id']}"
    assert giver.ask("POST", f"{path}/pause")["state"] == "paused"
    giver.post(done(1))
    with worker(giver):
        time.sleep(1.2)
        assert shown()["sent"] == 0
        assert giver.ask("POST", f"{path}/resume")["state"] == "running"
        wait(lambda: caught_up(shown, sent=1))
    assert [action for action, _ in giver.audited("forward.(paused|resumed)")] == ["forward.paused", "forward.resumed"]


@pytest.mark.parametrize("state", ["suspended", "ended"])
def test_an_agreement_that_is_not_in_force_stops_it_and_that_is_audited_once(
    giver, taker, agree, forward, worker, state
):
    agreement = agree()
    shown = forward(agreement, taker)
    giver.post(done(1))
    with worker(giver):
        wait(lambda: caught_up(shown, sent=1))
        assert giver.store.agreements.change(agreement.id, agreement.version, {"state": state})
        giver.post(done(2))
        wait(lambda: shown()["state"] == "stopped")
        time.sleep(0.8)
    assert len(taker.statements()) == 1
    assert giver.audited("forward.stopped") == [("forward.stopped", {"agreement": agreement.id, "reason": state})]
    path = f"/api/forwards/{shown()['id']}"
    giver.ask("POST", f"{path}/resume", None, 403)
    giver.ask("POST", "/api/forwards", {"agreement": agreement.id, "url": taker.url, "key": "k", "secret": "s"}, 403)


def test_what_may_have_gone_goes_again_as_it_was_whatever_has_changed_since(giver, stranger, agree, forward, worker):
    agreement = agree(level="pseudonymous")
    late = done(1)
    giver.post(late)
    stranger.said = lambda *_: (500, {}, b"")
    shown = forward(agreement, stranger)
    with worker(giver):
        wait(lambda: shown()["last_error"])
    keys = (*agreement.keys, Key(3, Seals(PEPPER, PURPOSE).seal(b"k" * 32, agreement.id)))
    giver.store.agreements.change(agreement.id, agreement.version, {"keys": keys})
    giver.post(voiding(late), done(1))
    stranger.said = lambda *_: (200, {}, b"[]")
    giver.ask("POST", f"/api/forwards/{shown()['id']}/resume")
    with worker(giver):
        wait(lambda: caught_up(shown, sent=3))
    first = json.loads(stranger.heard[0][2])
    again, void, newer = (each for _, _, body in stranger.heard[1:] for each in json.loads(body))
    assert first[0] == again
    assert (void["verb"]["id"], void["object"]["id"]) == (VOIDED, again["id"])
    assert newer["actor"] != again["actor"]


def test_what_is_erased_here_is_voided_there_also_when_nothing_goes_any_more(giver, taker, agree, forward, worker):
    agreement = agree(level="pseudonymous")
    shown = forward(agreement, taker)
    one, _ = giver.post(done(1), done(2))
    with worker(giver):
        wait(lambda: caught_up(shown, sent=2))
        giver.store.agreements.change(agreement.id, agreement.version, {"state": "ended"})
        document = giver.org + uuid.UUID(one).bytes
        found = giver.store.transact(lambda session: giver.store.forwarded.recall([document], "erased", session))
        assert found == 1
        wait(lambda: giver.audited("forward.recalled"))
    assert sorted(each["verb"]["id"] for each in taker.statements()) == [COMPLETED, VOIDED]


def test_people_who_are_restricted_or_have_not_consented_do_not_travel(giver, taker, agree, forward, worker):
    consents, contract = agree(basis="consent"), agree()
    giver.post(done(1), done(2))
    numbers = giver.store.learners.numbers(giver.org, ["account:https://sso.vnuhcm.example.vn hv-0001"])
    giver.store.transact(
        lambda session: giver.store.learners.restrict(giver.org, numbers.values(), session, restricted=True)
    )
    none, some = forward(consents, taker), forward(contract, taker)
    with worker(giver):
        wait(lambda: caught_up(none, sent=0) and caught_up(some, sent=1))
    assert [each["actor"] for each in taker.statements()] == [person(2)]


def test_a_child_does_not_travel_also_in_what_does_not_tell_it(giver, taker, agree, forward, worker):
    band = {f"{BASE}/extensions/age-band": "<16"}
    giver.post(done(1), done(1, context={"extensions": band}), done(2))
    shown = forward(agree(), taker)
    with worker(giver):
        wait(lambda: caught_up(shown, sent=1))
    assert [each["actor"] for each in taker.statements()] == [person(2)]


def test_who_withdraws_consent_is_voided_there_and_nobody_else(giver, taker, agree, forward, worker, monkeypatch):
    monkeypatch.setattr("lrs.followers.forwarding.LOOK_BACK_EVERY", 0.3)
    giver.store.credentials.change(giver.org, giver.key, {"scopes": frozenset({*EVERYTHING, "imports/write"})})
    wording = {"id": f"chia-se-{giver.name}", "version": "1", "language": "vi"}
    giver.ask("PUT", "/api/consents/wordings", {"wordings": [wording | {"text": "Tôi đồng ý."}]})
    said = {"purpose": "joint-course", "answer": "yes", "wording": wording, "given_by": "self", "how": "paper"}
    consents = [
        said | {"given": "2026-08-01", "identity": f"account:https://sso.vnuhcm.example.vn hv-{number:04}"}
        for number in (1, 2)
    ]
    giver.post(done(1), done(2), done(3))
    rows = giver.ask("POST", "/api/consents", {"consents": consents})["rows"]
    shown = forward(agree(basis="consent", level="pseudonymous"), taker)
    with worker(giver):
        wait(lambda: caught_up(shown, sent=2))
        time.sleep(1)
        assert len(taker.statements()) == 2
        giver.ask("POST", f"/api/consents/{rows[0]['id']}/withdraw", {})
        wait(lambda: giver.audited("forward.recalled"))
        time.sleep(1)
    assert sorted(each["verb"]["id"] for each in taker.statements()) == [COMPLETED, VOIDED]


def test_a_removed_one_leaves_nothing_behind(giver, taker, agree, forward, worker):
    shown = forward(agree(), taker)
    giver.post(done(1))
    with worker(giver):
        wait(lambda: caught_up(shown, sent=1))
        path = f"/api/forwards/{shown()['id']}"
        giver.ask("DELETE", path, None, 204)
        giver.ask("GET", path, None, 404)
        own = path[-16:]
        left = (("forwards", {"_id": own}), ("forwarded", {"forward": own}), ("places", {"_id": f"forward:{own}"}))
        wait(lambda: not any(giver.store.database[name].count_documents(where) for name, where in left))


def test_a_worker_with_another_pepper_says_so(giver, taker, agree, forward, worker):
    shown = forward(agree(), taker)
    giver.post(done(1))
    row = giver.store.database["forwards"].find_one({})
    giver.store.database["forwards"].update_one({}, {"$set": {"secret": row["secret"][:-1] + b"x"}})
    with worker(giver):
        assert "LRS_PEPPER" in wait(lambda: shown()["last_error"])


def test_pauses_grow_to_five_minutes_spread_out_and_are_as_long_as_asked_for():
    for failures in range(1, 30):
        longest = min(LONGEST, 2 ** (failures - 1))
        found = [pause(failures) for _ in range(50)]
        assert longest / 2 <= min(found) <= max(found) <= longest
    assert pause(1, 900) == 900


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", ""),
        (b"<html>\nno\x00</html>", "<html> no </html>"),
        (b'{"title": "Bad", "errors": [{"path": "a", "message": "b"}, {"path": "c"}]}', "Bad; a: b"),
        (b'{"message": "nope"}', "nope"),
        (b'{"detail": ["x"]}', "['x']"),
        (b"[1]", "[1]"),
        (b"[" * 100_000, "[" * 300),
        (b"\xff" * 5, "\ufffd" * 5),
        (b"x" * 1000, "x" * 300),
    ],
)
def test_of_a_refusal_the_reason_is_kept_in_one_line(body, told):
    assert reason_of(body) == told


def test_the_metrics_tell_how_it_gets_on(giver, stranger, agree, forward, worker):
    stranger.said = lambda *_: (400, {}, b"")
    good, bad = forward(agree(), stranger), forward(agree(), ("http://127.0.0.1:1/xapi", "key"))
    giver.post(done(1))
    reading = Metrics(giver.store, Progress(giver.store, lambda: 0))
    with worker(giver):
        wait(lambda: good()["dead"] == 1 and bad()["last_error"])
    found = {each.id: each for each in reading.read().abroad if each.organisation == giver.name}
    assert (found[good()["id"]].dead, found[good()["id"]].failing, found[good()["id"]].lag) == (1, 0, 0)
    assert found[bad()["id"]].failing > 0
    assert found[bad()["id"]].lag > 0


def test_also_a_paused_one_voids_there_what_is_erased_here(giver, taker, agree, forward, worker):
    shown = forward(agree(), taker)
    one, _ = giver.post(done(1), done(2))
    with worker(giver):
        wait(lambda: caught_up(shown, sent=2))
        giver.ask("POST", f"/api/forwards/{shown()['id']}/pause")
        document = giver.org + uuid.UUID(one).bytes
        giver.store.transact(lambda session: giver.store.forwarded.recall([document], "erased", session))
        giver.post(done(3))
        wait(lambda: giver.audited("forward.recalled"))
    assert (shown()["state"], shown()["sent"]) == ("paused", 2)
    assert sorted(each["verb"]["id"] for each in taker.statements()) == [COMPLETED, VOIDED]


def test_who_is_restricted_later_is_voided_there_though_others_may_still_travel(
    giver, taker, agree, forward, worker, monkeypatch
):
    monkeypatch.setattr("lrs.followers.forwarding.LOOK_BACK_EVERY", 0.3)
    learners = giver.store.learners
    names = [f"account:https://sso.vnuhcm.example.vn hv-000{each}" for each in (7, 8)]
    numbers = learners.numbers(giver.org, names)
    early, late = (numbers[each] for each in names)

    def restrict(number):
        giver.store.transact(lambda session: learners.restrict(giver.org, [number], session, restricted=True))

    restrict(early)
    shown = forward(agree(), taker)
    giver.post(done(1, context={"instructor": person(7)}), done(2, context={"instructor": person(8)}), done(3))
    with worker(giver):
        wait(lambda: caught_up(shown, sent=3))
        time.sleep(1)
        assert not giver.audited("forward.recalled")
        restrict(late)
        wait(lambda: giver.audited("forward.recalled"))
        time.sleep(1)
    (void,) = (each for each in taker.statements() if each["verb"]["id"] == VOIDED)
    assert [each["actor"] for each in taker.statements() if each["verb"]["id"] == COMPLETED] == [person(1), person(3)]
    assert [action for action, _ in giver.audited("forward.recalled")] == ["forward.recalled"]
    assert void["object"]["objectType"] == "StatementRef"


def test_what_goes_wrong_here_is_seen_and_waited_out_too(giver, stranger, agree, forward, worker, monkeypatch):
    monkeypatch.setattr("lrs.followers.forwarding._requests", lambda *_: 1 / 0)
    shown = forward(agree(), stranger)
    giver.post(done(1))
    with worker(giver):
        assert "log" in wait(lambda: shown()["last_error"])


def test_another_address_needs_the_secret_anew(giver, stranger, agree, forward):
    path = f"/api/forwards/{forward(agree(), stranger)()['id']}"
    giver.ask("PATCH", path, {"url": "https://other.example.vn/xapi"}, 400)
    giver.ask("PATCH", path, {"url": stranger.url, "label": "the same"})
    assert giver.ask("PATCH", path, {"url": "https://other.example.vn/xapi", "secret": "new"})["url"][8:13] == "other"
