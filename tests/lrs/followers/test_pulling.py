"""Statements of other stores are taken: all of them, once, as if a key of the organisation had sent them."""

import hashlib
import json
import time
import uuid

import pytest

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
NOW = "2026-11-20T03:00:00.000000Z"


def wait(until, seconds=20):
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
    return found


@pytest.fixture
def pull(taker, giver):
    """Let the taker pull from the giver, or from somebody else; return what asks for it."""

    def make(source=giver, **changes):
        made = taker.ask("POST", "/api/credentials", {"scopes": ["statements/write"], "relay": True}, 201)
        wanted = {
            "credential": made["key"],
            "url": source.url,
            "key": getattr(source, "key", "key"),
            "secret": "secret",
            "every": 10,
        }
        found = taker.ask("POST", "/api/pulls", wanted | changes, 201)
        path = f"/api/pulls/{found['id']}"
        return lambda: taker.ask("GET", path)

    return make


def at_once(taker, shown):
    """Let a pull not wait for its time."""
    return taker.ask("POST", f"/api/pulls/{shown()['id']}/resume")


def page(*statements, more="", through=None):
    body = json.dumps({"statements": list(statements), "more": more}).encode()
    headers = {"Content-Type": "application/json"}
    return 200, headers | ({"X-Experience-API-Consistent-Through": through} if through else {}), body


def test_everything_is_taken_through_all_pages_with_its_origin_and_nothing_twice(
    giver, taker, pull, worker, a_statement
):
    sent = [a_statement() for _ in range(450)]
    giver.post(*sent)
    giver.post(a_statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": sent[7]["id"]}))
    shown = pull()
    with worker(taker):
        wait(lambda: shown()["taken"] == 450)
        through = wait(lambda: shown()["through"] > NOW and shown()["through"])
        giver.post(a_statement(id="00000000-0000-4000-8000-000000000001"))
        at_once(taker, shown)
        wait(lambda: shown()["taken"] == 451)
        assert shown()["through"] > through
    there = {each["id"]: each for each in giver.statements()}
    here = {each["id"]: each for each in taker.statements()}
    pages = json.dumps(sorted(there)), json.dumps(sorted(here))
    assert pages[0] == pages[1]
    for name, each in here.items():
        assert each | {"stored": there[name]["stored"]} == there[name]
    assert shown()["dead"] == 0
    assert sum(details["statements"] for _, details in taker.audited("pull.taken")) == 451


def test_data_of_attachments_comes_along(giver, taker, pull, worker, a_statement):
    data = b"bang tot nghiep"
    sha2 = hashlib.sha256(data).hexdigest()
    about = {
        "usageType": "http://id.tincanapi.com/attachment/certificate-of-completion",
        "display": {"vi": "Bằng"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha2,
    }
    statement = a_statement(attachments=[about])
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
    giver.post(a_statement())
    shown = pull()
    with worker(taker):
        wait(lambda: shown()["taken"] == 2)
    query = {"statementId": statement["id"], "attachments": "true"}
    answer = taker.app.test_client().get("/xapi/statements", query_string=query, headers=taker.headers)
    assert data in answer.data


def test_what_comes_late_there_is_not_missed_though_nobody_vouches_for_anything(
    taker, stranger, pull, worker, a_statement
):
    early, late = a_statement(stored=NOW), a_statement(stored="2026-11-20T02:59:00Z")
    there = [early]
    stranger.said = lambda *_: page(*there)
    shown = pull(stranger)
    with worker(taker):
        wait(lambda: shown()["taken"] == 1)
        there.insert(0, late)
        at_once(taker, shown)
        wait(lambda: shown()["taken"] == 2)
    asked = [path for path, _, _ in stranger.heard]
    assert "since=1970-01-01T00%3A00%3A00.000000Z" in asked[0]
    assert "since=2026-11-20T02%3A54%3A59.999999Z" in asked[1]


def test_the_next_walk_begins_where_the_store_vouches_to_be_whole(taker, stranger, pull, worker, a_statement):
    stranger.said = lambda *_: page(a_statement(stored=NOW), through="2026-11-20T02:50:00Z")
    shown = pull(stranger, overlap=0)
    with worker(taker):
        wait(lambda: shown()["last_asked"])
        wait(lambda: at_once(taker, shown) and len(stranger.heard) >= 2)
    assert "since=2026-11-20T02%3A50%3A00.000000Z" in stranger.heard[1][0]
    assert shown()["through"] == "2026-11-20T02:50:00.000000Z"


def test_who_is_wrong_or_taken_is_kept_as_a_letter_and_the_others_are_stored(
    taker, stranger, pull, worker, a_statement
):
    own = a_statement()
    taker.post(own)
    bad, other = a_statement(verb={}), a_statement(id=own["id"], verb={"id": "http://adlnet.gov/expapi/verbs/passed"})
    good = [a_statement(), a_statement()]

    def said(path, _):
        if "statementId" in path:
            return (
                (404, {}, b"") if own["id"] in path else (*page()[:2], json.dumps(good[0] | {"id": bad["id"]}).encode())
            )
        return page(good[0], bad, other, good[1])

    stranger.said = said
    shown = pull(stranger)
    with worker(taker):
        wait(lambda: (shown()["taken"], shown()["dead"]) == (2, 2))
        path = f"/api/pulls/{shown()['id']}/dead-letters"
        letters = {each["statement"]: each for each in taker.ask("GET", path)["letters"]}
        assert {name: each["status"] for name, each in letters.items()} == {bad["id"]: 400, own["id"]: 409}
        assert "verb" in letters[bad["id"]]["reason"]
        taker.ask("POST", f"{path}/retry", {}, 202)
        wait(lambda: (shown()["taken"], shown()["dead"]) == (3, 0))


def test_what_has_no_id_is_kept_as_a_letter_once_too_and_stays_until_it_is_given_up(
    taker, stranger, pull, worker, a_statement
):
    good, unnamed = a_statement(), a_statement(id=None)
    ids = ("nope", good["id"].replace("-", ""), 5, None)
    wrong = [unnamed, *(unnamed | {"id": each} for each in ids), 5, None, {}, [], "x", 5]
    stranger.said = lambda *_: page(*wrong, good)
    shown = pull(stranger)
    with worker(taker):
        wait(lambda: (shown()["taken"], shown()["dead"]) == (1, 10))
        asked = len(stranger.heard)
        wait(lambda: at_once(taker, shown) and len(stranger.heard) > asked + 1)
        path = f"/api/pulls/{shown()['id']}/dead-letters"
        letters = taker.ask("GET", path)["letters"]
        assert (len(letters), {each["status"] for each in letters}) == (10, {400})
        assert sum(each["reason"].startswith("id: ") for each in letters) >= 3
        assert taker.ask("POST", f"{path}/retry", {}, 202) == {"count": 0}
        chosen = [letters[0]["statement"]]
        assert taker.ask("POST", f"{path}/drop", {"statements": chosen}) == {"count": 1}
        assert not any("statementId" in path for path, _, _ in stranger.heard)
    assert taker.ask("POST", f"{path}/drop", {})["count"] >= 9


def test_an_answer_without_an_id_to_who_asks_again_is_a_letter_about_what_was_asked_for(
    taker, stranger, pull, worker, a_statement
):
    bad = a_statement(verb={})
    stranger.said = lambda path, _: (200, {}, b"<html>") if "statementId" in path else page(bad)
    shown = pull(stranger, every=3600)
    with worker(taker):
        wait(lambda: shown()["dead"] == 1)
        path = f"/api/pulls/{shown()['id']}/dead-letters"
        taker.ask("POST", f"{path}/retry", {}, 202)
        (letter,) = wait(lambda: [each for each in taker.ask("GET", path)["letters"] if each["tried"] == 2])
        assert letter["statement"] == bad["id"]
        assert taker.ask("POST", f"{path}/retry", {}, 202) == {"count": 1}


def test_what_the_intake_of_the_credential_does_is_done(giver, taker, pull, worker, a_statement):
    wanted = {"scopes": ["statements/write"], "intake": {"identities": "pseudonymise"}}
    made = taker.ask("POST", "/api/credentials", wanted, 201)
    giver.post(a_statement(actor={"mbox": "mailto:lan@hoc.example.vn", "name": "Lan"}))
    shown = pull(credential=made["key"])
    with worker(taker):
        wait(lambda: shown()["taken"] == 1)
    (got,) = taker.statements()
    assert got["authority"] == made["authority"]
    assert "lan@" not in json.dumps(got)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((503, {"Retry-After": "120"}, b""), "503"),
        ((401, {}, b""), "401"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "cannot be read"),
        ((200, {"Content-Type": "multipart/mixed; boundary=x"}, b"--y"), "cannot be read"),
        (page(more="http://127.0.0.1:1/xapi/statements?more=x"), "another host"),
        (page(more="//127.0.0.1:1/x"), "another host"),
    ],
)
def test_trouble_is_seen_and_waited_out(taker, stranger, pull, worker, said, told):
    stranger.said = lambda *_: said
    shown = pull(stranger)
    with worker(taker):
        found = wait(lambda: shown() if shown()["last_error"] else None)
    assert told in found["last_error"]
    assert found["again"] > found["failing"]


def test_a_credential_that_is_disabled_takes_nothing(giver, taker, pull, worker, a_statement):
    giver.post(a_statement())
    shown = pull()
    taker.ask("PATCH", f"/api/credentials/{shown()['credential']}", {"disabled": True})
    with worker(taker):
        assert "disabled" in wait(lambda: shown()["last_error"])
    assert taker.statements() == []


def test_paused_is_paused_and_removed_is_gone(giver, taker, pull, worker, a_statement):
    shown = pull()
    path = f"/api/pulls/{shown()['id']}"
    assert taker.ask("POST", f"{path}/pause")["state"] == "paused"
    giver.post(a_statement())
    with worker(taker):
        time.sleep(1.2)
        assert shown()["taken"] == 0
        taker.ask("POST", f"{path}/resume")
        wait(lambda: shown()["taken"] == 1)
        taker.ask("DELETE", path, None, 204)
        taker.ask("GET", path, None, 404)
    actions = ["pull.created", "pull.paused", "pull.resumed", "pull.taken", "pull.removed"]
    assert [action for action, _ in taker.audited("pull")] == actions


def test_only_a_key_of_ones_own_that_stores_statements_takes_any(giver, taker):
    reader = taker.ask("POST", "/api/credentials", {"scopes": ["state"]}, 201)["key"]
    for credential in (giver.key, "none", reader):
        wanted = {"credential": credential, "url": giver.url, "key": "k", "secret": "s"}
        taker.ask("POST", "/api/pulls", wanted, 400)
    for url in ("ftp://x", "http://lrs.example.vn/xapi", "https://192.168.1.1/xapi", "http://127.0.0.2:1/xapi"):
        wanted = {"credential": reader, "url": url, "key": "k", "secret": "s"}
        assert taker.ask("POST", "/api/pulls", wanted, 400)["errors"][0]["path"] == "url"


def test_ids_of_letters_are_told_as_they_are_there(taker, stranger, pull, worker):
    name = str(uuid.uuid4())
    stranger.said = lambda *_: page({"id": name.upper(), "actor": {}})
    shown = pull(stranger)
    with worker(taker):
        wait(lambda: shown()["dead"] == 1)
    assert taker.ask("GET", f"/api/pulls/{shown()['id']}/dead-letters")["letters"][0]["statement"] == name


def test_nobody_s_clock_leads_a_walk_into_the_future_and_that_is_told(taker, stranger, pull, worker, a_statement):
    past, future = a_statement(stored=NOW), a_statement(stored="2126-01-01T00:00:00Z")
    stranger.said = lambda *_: page(past, future)
    shown = pull(stranger, overlap=0)
    with worker(taker):
        wait(lambda: shown()["last_asked"])
        assert "clock" in shown()["last_error"]
        wait(lambda: at_once(taker, shown) and len(stranger.heard) >= 2)
        assert "since=2026-11-20T02%3A59%3A59.999999Z" in stranger.heard[1][0]
        stranger.said = lambda *_: page(through="2126-01-01T00:00:00Z")
        asked = len(stranger.heard)
        wait(lambda: at_once(taker, shown) and len(stranger.heard) > asked)
        wait(lambda: shown()["through"][:4] == "2026" and shown()["through"] > NOW)
        assert "clock" in wait(lambda: shown()["last_error"])
    assert shown()["taken"] == 2


def test_whatever_it_asks_for_it_is_asked_again_within_the_hour_and_not_at_once(taker, stranger, pull, worker):
    stranger.said = lambda *_: (503, {"Retry-After": "Mon, 1 Jan 99999999999999999999 00:00:00 GMT"}, b"")
    shown = pull(stranger)
    with worker(taker):
        assert "503" in wait(lambda: shown()["last_error"])


def test_what_goes_wrong_here_is_seen_and_waited_out_too(taker, stranger, pull, worker, monkeypatch):
    monkeypatch.setattr("lrs.followers.pulling._read", lambda *_: 1 / 0)
    shown = pull(stranger)
    with worker(taker):
        assert "log" in wait(lambda: shown()["last_error"])
        time.sleep(1)
    assert len(stranger.heard) <= 4


def test_another_address_needs_the_secret_anew(taker, stranger, pull):
    path = f"/api/pulls/{pull(stranger)()['id']}"
    taker.ask("PATCH", path, {"url": "https://other.example.vn/xapi"}, 400)
    assert taker.ask("PATCH", path, {"url": "https://other.example.vn/xapi", "secret": "new"})["url"][8:13] == "other"
