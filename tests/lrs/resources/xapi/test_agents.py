import json
from urllib.parse import quote

from lrs.services.agents import RECENT

LAN = {"mbox": "mailto:lan@hoc.example.vn"}


def person(client, agent):
    return client.get(f"/xapi/agents?agent={quote(json.dumps(agent))}")


def test_a_person_has_the_names_that_statements_gave_the_agent(client, a_statement):
    told = [
        a_statement(actor=LAN | {"name": "Lan"}),
        a_statement(actor={"mbox": "mailto:minh@hoc.example.vn", "name": "Minh"}),
        a_statement(actor={"objectType": "Group", "member": [LAN | {"name": "Nguyễn Thị Lan"}]}),
    ]
    assert client.post("/xapi/statements", json=told).status_code == 200
    found = person(client, {"mbox": "mailto:lan@HOC.example.vn"})
    assert (found.status_code, found.headers["Content-Type"]) == (200, "application/json")
    assert found.json["objectType"] == "Person"
    assert sorted(found.json["name"]) == ["Lan", "Nguyễn Thị Lan"]
    assert LAN["mbox"] in found.json["mbox"]


def test_of_an_agent_that_nobody_knows_just_what_was_asked_for_is_told(client):
    account = {"homePage": "https://hoc.example.vn", "name": "lan"}
    assert person(client, {"account": account}).json == {"objectType": "Person", "account": [account]}


def test_only_recent_statements_are_looked_at(client, a_statement):
    client.post("/xapi/statements", json=a_statement(actor=LAN | {"name": "formerly"}))
    client.post("/xapi/statements", json=[a_statement(actor=LAN | {"name": "now"}) for _ in range(RECENT)])
    assert person(client, LAN).json["name"] == ["now"]


def test_what_is_wrong_is_told(client):
    assert client.get("/xapi/agents").json["errors"][0]["path"] == "agent"
    assert person(client, {"name": "Lan"}).status_code == 400
    assert client.get("/xapi/agents?agent=lan").status_code == 400
    refused = client.delete("/xapi/agents")
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]
