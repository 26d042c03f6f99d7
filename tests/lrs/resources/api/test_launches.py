import jwt
import pytest

LAUNCHES = "/api/launches"
LAN = {"objectType": "Agent", "name": "Lan", "mbox": "mailto:lan@hoc.example.vn"}
ACTIVITY = "https://hoc.example.vn/courses/an-toan-so"
REGISTRATION = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
WANTED = {"agent": LAN, "activity": ACTIVITY, "registration": REGISTRATION}


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json['token']}", "X-Experience-API-Version": "2.0.0"}


def test_a_key_that_writes_makes_a_launch(caller):
    answer = caller().post(LAUNCHES, json=WANTED | {"minutes": 5})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    found = answer.json
    assert (found["expires_in"], found["endpoint"]) == (300, "https://hoc.example.vn/lrs/xapi/")
    assert (found["activity"], found["registration"]) == (ACTIVITY, REGISTRATION)
    assert found["scopes"] == ["profile", "state", "statements/write"]


def test_a_registration_is_made_where_none_is_given(caller):
    client = caller()
    wanted = {"agent": LAN, "activity": ACTIVITY}
    registrations = {client.post(LAUNCHES, json=wanted).json["registration"] for _ in range(2)}
    assert len(registrations) == 2


def test_it_stores_statements_of_its_learner_under_the_authority_of_its_key(caller, shared_app, a_statement):
    client = caller()
    headers = bearer(client.post(LAUNCHES, json=WANTED))
    browser = shared_app.test_client()
    own = a_statement(actor=LAN, object={"id": ACTIVITY}, context={"registration": REGISTRATION})
    assert browser.post("/xapi/statements", json=own, headers=headers).status_code == 200
    assert browser.post("/xapi/statements", json=a_statement(), headers=headers).status_code == 403
    (stored,) = client.get("/xapi/statements").json["statements"]
    name = jwt.decode(headers["Authorization"][7:], options={"verify_signature": False})["sub"]
    assert stored["authority"]["account"]["name"] == name


def test_it_writes_about_its_activity_its_parts_and_those_that_are_named(caller, shared_app, a_statement):
    named = "http://another.example.vn/bai-1"
    headers = bearer(caller().post(LAUNCHES, json=WANTED | {"activities": [named]}))
    browser = shared_app.test_client()
    for activity, expected in ((f"{ACTIVITY}/bai-1", 200), (named, 200), ("https://hoc.example.vn/courses/EXAM", 403)):
        own = a_statement(actor=LAN, object={"id": activity}, context={"registration": REGISTRATION})
        own["context"]["contextActivities"] = {"other": [{"id": ACTIVITY}]}
        assert browser.post("/xapi/statements", json=own, headers=headers).status_code == expected


def test_it_keeps_the_state_of_its_learner_only(caller, shared_app):
    headers = bearer(caller().post(LAUNCHES, json=WANTED))
    query = {"activityId": ACTIVITY, "registration": REGISTRATION, "stateId": "place"}
    browser = shared_app.test_client()
    for mbox, expected in (("mailto:lan@hoc.example.vn", 204), ("mailto:ba@hoc.example.vn", 403)):
        asked = query | {"agent": f'{{"mbox":"{mbox}"}}'}
        put = browser.put("/xapi/activities/state", query_string=asked, data=b"12", headers=headers)
        assert put.status_code == expected


@pytest.mark.parametrize("method_path", ["GET /api/credentials", "POST /api/launches", "GET /api/providers"])
def test_it_opens_nothing_else(caller, shared_app, method_path):
    client = caller(scopes=("all", "admin", "credentials"))
    headers = bearer(client.post(LAUNCHES, json=WANTED))
    method, path = method_path.split()
    body = {"json": WANTED} if method == "POST" else {}
    assert shared_app.test_client().open(path, method=method, headers=headers, **body).status_code == 403


def test_no_secret_and_no_name_is_in_it(caller):
    token = caller().post(LAUNCHES, json=WANTED).json["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["launch"]["agent"] == {"mbox": LAN["mbox"]}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"agent": {"name": "Lan"}}, "agent"),
        ({"agent": LAN | {"openid": "https://lan.example.vn"}}, "agent"),
        ({"agent": {"objectType": "Group", "mbox": "mailto:lop@hoc.example.vn"}}, "agent"),
        ({"agent": None}, "agent"),
        ({"activity": "an-toan-so"}, "activity"),
        ({"activities": ["an-toan-so"]}, "activities"),
        ({"activities": [f"{ACTIVITY}/{number}" for number in range(101)]}, "activities"),
        ({"registration": "5"}, "registration"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 481}, "minutes"),
        ({"minutes": "5"}, "minutes"),
        ({"scopes": ["all"]}, "scopes"),
        ({"admin": True}, "*"),
    ],
)
def test_a_wrong_wish_is_refused_with_its_place(caller, change, path):
    answer = caller().post(LAUNCHES, json=WANTED | change)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["errors"][0]["path"].startswith(path)


def ids(number, length):
    return [f"{ACTIVITY}/{each}/".ljust(length, "x") for each in range(number)]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"activity": "https://hoc.example.vn/" + "x" * 9000}, "activity"),
        ({"activities": ids(100, 57)}, "activities"),
        ({"activities": ids(2, 3000)}, "activities"),
        ({"agent": {"openid": "https://hoc.example.vn/" + "x" * 2000}, "activity": ids(1, 4000)[0]}, "activity"),
    ],
)
def test_a_launch_that_is_too_long_is_refused_and_told_what_is(caller, change, path):
    answer = caller().post(LAUNCHES, json=WANTED | change)
    assert (answer.status_code, [fault["path"] for fault in answer.json["errors"]]) == (400, [path])
    assert "8192" in answer.text


def test_a_launch_has_room_for_some_thousand_characters_of_ids(caller):
    for activities in (ids(100, 47), ids(10, 480)):
        assert caller().post(LAUNCHES, json=WANTED | {"activities": activities}).status_code == 201


def test_a_key_that_does_not_write_makes_none(caller):
    assert caller(scopes=("all/read", "state", "admin")).post(LAUNCHES, json=WANTED).status_code == 403
