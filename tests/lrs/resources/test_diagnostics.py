import http.client
import json
import time
from base64 import b64encode

STATEMENTS = "/xapi/statements"
SECRETS = ("lan.pham", "hoc.example.vn", "Lan", "phone")


def refusals(client):
    return client.get("/api/diagnostics").json["refusals"]


def test_reasons_are_kept_with_their_counts_and_times(caller, a_statement):
    client = caller()
    for actor in ({"mbox": "lan@hoc.example.vn"}, {"mbox": "mailto:"}):
        client.post(STATEMENTS, json=[a_statement(), a_statement(actor=actor)])
    client.put(STATEMENTS, json=a_statement())
    latest, earlier = refusals(client)
    assert (latest["path"], latest["rule"], latest["status"], latest["count"]) == ("statementId", "required", 400, 1)
    assert (earlier["path"], earlier["rule"], earlier["status"], earlier["count"]) == (
        "[].actor.mbox",
        "mailto",
        400,
        2,
    )
    assert earlier["first"] < earlier["last"] < latest["last"]


def test_nothing_that_was_sent_is_kept(caller, a_statement):
    client = caller()
    actor = {"mbox": "mailto:lan.pham@hoc.example.vn", "Lan": 1, "phone": "0912345678"}
    client.post(STATEMENTS, json=a_statement(actor=actor, result={"extensions": {"lan.pham": 1}}))
    client.post(STATEMENTS, data='{"actor": lan.pham', content_type="application/json")
    client.post(f"{STATEMENTS}?lan.pham=1", json=a_statement())
    kept = json.dumps(refusals(client))
    assert len(refusals(client)) == 4
    assert not [secret for secret in SECRETS if secret in kept]


def test_refusals_without_faults_are_kept_by_their_status(caller, a_statement):
    client = caller(scopes=("statements/read",))
    client.post(STATEMENTS, json=a_statement())
    (only,) = refusals(client)
    assert (only["status"], only["path"], only["rule"]) == (403, "", "forbidden")


def test_conflicts_and_sizes_are_reasons_too(caller, a_statement):
    client = caller()
    statement = a_statement()
    client.post(STATEMENTS, json=statement)
    client.post(STATEMENTS, json=statement | {"verb": {"id": "http://adlnet.gov/expapi/verbs/failed"}})
    client.post(STATEMENTS, data=b" " * (16 * 1024**2 + 1), content_type="application/json")
    assert [each["status"] for each in refusals(client)] == [413, 409]


def test_only_the_credential_itself_reads_them(caller):
    caller().post(STATEMENTS, json={})
    assert refusals(caller()) == []


def test_reading_and_good_requests_leave_nothing(caller, a_statement):
    client = caller()
    client.get(f"{STATEMENTS}?nothing=1")
    client.post(STATEMENTS, json=a_statement())
    assert refusals(client) == []


def test_other_processes_tell_of_it_a_moment_later(server):
    token = b64encode(f"{server.key}:{server.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}

    def asked(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request(method, path, body, headers | {"Content-Type": "application/json"})
        found = json.loads(connection.getresponse().read())
        connection.close()
        return found

    for _ in range(10):
        asked("POST", STATEMENTS, "[{}]")
    until = time.monotonic() + 10
    counts = {0}
    # Ten times in a row: with two processes, both have answered.
    while counts != {10} and time.monotonic() < until:
        time.sleep(0.3)
        reports = [asked("GET", "/api/diagnostics")["refusals"] for _ in range(10)]
        counts = {refusal["count"] for report in reports for refusal in report if refusal["path"] == "[].verb"}
    assert counts == {10}
