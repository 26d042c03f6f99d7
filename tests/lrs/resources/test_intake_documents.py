"""Documents of a credential that refuses contents: JSON and names are judged, everything else is left alone."""

import base64
import json
from urllib.parse import quote

import pytest

NUMBER = "999203001234"
AGENT = quote(json.dumps({"account": {"homePage": "https://hoc.example.vn", "name": "118000123"}}))
PLACES = {
    "state": f"/xapi/activities/state?activityId=https://x.vn/1&agent={AGENT}&stateId=",
    "activity profile": "/xapi/activities/profile?activityId=https://x.vn/1&profileId=",
    "agent profile": f"/xapi/agents/profile?agent={AGENT}&profileId=",
}
NEW = {"If-None-Match": "*"}


@pytest.fixture
def operator(caller):
    return caller(scopes=("all", "admin", "credentials"))


@pytest.fixture
def refusing(operator, shared_app):
    """Speak with a key of the operator's organisation whose contents are refused."""
    made = operator.post("/api/credentials", json={"scopes": ["all"], "intake": {"contents": "refuse"}})
    client = shared_app.test_client()
    token = base64.b64encode(f"{made.json['key']}:{made.json['secret']}".encode()).decode()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
    client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
    return client


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_number_in_a_document_of_json_is_refused_and_told_nowhere(refusing, place):
    told = json.dumps({"diem": 9, "cccd": f"so_{NUMBER}"})
    for send in (refusing.put, refusing.post):
        answer = send(f"{place}d", data=told, content_type="application/json", headers=NEW)
        assert answer.status_code == 400
        assert [each["rule"] for each in answer.json["errors"]] == ["personal-number"]
        assert NUMBER not in answer.text
    assert refusing.get(f"{place}d").status_code == 404
    honest = refusing.put(f"{place}d", json={"diem": 9, "mo": "2025-08-15T10:30:00+07:00"}, headers=NEW)
    assert honest.status_code == 204
    tag = refusing.get(f"{place}d").headers["ETag"]
    merged = refusing.post(f"{place}d", json={"cccd": NUMBER}, headers={"If-Match": tag})
    assert merged.status_code == 400
    assert refusing.get(f"{place}d").headers["ETag"] == tag


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_number_in_the_name_of_a_document_is_refused(refusing, place):
    answer = refusing.put(f"{place}cccd_{NUMBER}", data=b"1", content_type="text/plain", headers=NEW)
    assert (answer.status_code, answer.json["errors"][0]["rule"]) == (400, "personal-number")
    assert NUMBER not in answer.text


def test_documents_of_other_types_and_of_other_keys_are_left_alone(refusing, operator):
    for client, kind in (
        (refusing, "text/plain"),
        (refusing, "application/octet-stream"),
        (operator, "application/json"),
    ):
        place = f"{PLACES['state']}{client is operator}-{quote(kind, safe='')}"
        body = json.dumps({"so": NUMBER})
        assert client.put(place, data=body, content_type=kind, headers=NEW).status_code == 204
