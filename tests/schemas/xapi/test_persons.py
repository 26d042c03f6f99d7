import json

from schemas.xapi.persons import person

MBOX = {"mbox": "mailto:lan@hoc.example.vn"}
ACCOUNT = {"account": {"homePage": "https://hoc.example.vn", "name": "lan"}}


def statement(actor, thing=None):
    told = {"actor": actor, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": thing or {"id": "urn:a"}}
    return json.dumps(told).encode()


def test_of_an_agent_that_nobody_has_named_just_what_was_asked_for_is_told():
    assert person(MBOX, []) == {"objectType": "Person", "mbox": [MBOX["mbox"]]}
    assert person(ACCOUNT, []) == {"objectType": "Person", "account": [ACCOUNT["account"]]}
    assert person(MBOX | {"name": "Lan"}, []) == {"objectType": "Person", "name": ["Lan"], "mbox": [MBOX["mbox"]]}


def test_every_name_that_statements_give_the_agent_is_told_once():
    told = [
        statement(MBOX | {"name": "Lan"}),
        statement(MBOX),
        statement(MBOX | {"name": "Nguyễn Thị Lan"}),
        statement(ACCOUNT | {"name": "somebody"}, {"objectType": "Agent", **MBOX, "name": "Chị Lan"}),
        statement({"objectType": "Group", "name": "12A", "member": [ACCOUNT, MBOX | {"name": "Lan"}]}),
    ]
    assert person(MBOX, told) == {
        "objectType": "Person",
        "mbox": [MBOX["mbox"]],
        "name": ["Lan", "Nguyễn Thị Lan", "Chị Lan"],
    }


def test_what_only_looks_like_the_agent_is_passed_over():
    thing = {"id": "urn:a", "definition": {"extensions": {"urn:x": MBOX | {"name": "nobody"}}}}
    assert "name" not in person(MBOX, [statement(ACCOUNT | {"name": "somebody"}, thing)])
