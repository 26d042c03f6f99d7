"""Keys of the own organisation, over HTTP."""

import base64
import json

import pytest

from lrs.services.scopes import GUARDED, SCOPES

KEYS = ("admin", "credentials")


def basic(client, made):
    token = base64.b64encode(f"{made['key']}:{made['secret']}".encode()).decode()
    return client.application.test_client(), {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}


def status(client, made, method="GET", path="/xapi/statements", **kwargs):
    other, headers = basic(client, made)
    return other.open(path, method=method, headers=headers, **kwargs).status_code


def audited(shared_store, made):
    org = shared_store.credentials.find(made["key"]).org
    found = shared_store.database["audit"].find({"org": org, "target": made["key"]}).sort("seq", 1)
    return [(row["action"], row["details"]) for row in found]


@pytest.fixture
def admin(caller):
    return caller(scopes=("admin",))


def make(client, **wanted):
    answer = client.post("/api/credentials", json=wanted)
    assert answer.status_code == 201, answer.json
    return answer.json


def test_a_new_key_stores_statements_and_does_nothing_else(admin, a_statement):
    made = make(admin, label="Moodle")
    assert made["scopes"] == ["statements/write"]
    assert status(admin, made, "POST", json=a_statement()) == 200
    assert status(admin, made) == status(admin, made, path="/api/credentials") == 403


def test_the_secret_is_told_once_and_kept_nowhere(admin, shared_store):
    answer = admin.post("/api/credentials", json={})
    assert answer.headers["Cache-Control"] == "no-store"
    key, secret = answer.json["key"], answer.json["secret"]
    assert len(secret) == 43
    for path in (f"/api/credentials/{key}", "/api/credentials"):
        assert "secret" not in admin.get(path).text
    assert secret not in repr(
        [list(rows.find()) for rows in (shared_store.database["credentials"], shared_store.database["audit"])]
    )


def test_its_authority_is_its_account_here_unless_another_is_asked_for(admin):
    made = make(admin)
    account = {"homePage": "https://hoc.example.vn/lrs", "name": made["key"]}
    assert made["authority"] == {"objectType": "Agent", "account": account}
    own = {"name": "Phần mềm thi", "mbox": "mailto:thi@hoc.example.vn"}
    assert make(admin, authority=own)["authority"] == {"objectType": "Agent"} | own


def test_everything_that_a_key_can_have_comes_back_as_it_was_asked_for(admin):
    wanted = {
        "label": "Đại học: cổng H5P",
        "scopes": ["state", "statements/read/mine", "statements/write"],
        "origins": ["https://noi-dung.example.vn", "null"],
        "leniency": ["downgrade", "h5p-interactions"],
        "expires": "2099-12-31T16:59:59.000000Z",
        "limits": {"requests": 600, "batch": 50},
    }
    made = make(admin, **wanted)
    shown = admin.get(f"/api/credentials/{made['key']}").json
    assert {name: shown[name] for name in wanted} == wanted
    assert (shown["disabled"], shown["used"]) == (False, None)
    assert {name: value for name, value in made.items() if name != "secret"} == shown


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"scopes": ["everything"]}, "scopes[0]"),
        ({"scopes": "all"}, "scopes"),
        ({"scope": ["all"]}, "*"),
        ({"label": "hai\ndòng"}, "label"),
        ({"label": "x" * 201}, "label"),
        ({"label": None}, "label"),
        ({"authority": {"name": "nobody"}}, "authority"),
        ({"authority": {"mbox": "mailto:a@example.vn", "name": "y" * 201}}, "authority.name"),
        ({"authority": {"mbox": "mailto:a@example.vn", "openid": "https://a.example.vn"}}, "authority"),
        ({"authority": {"objectType": "Group", "member": [{"mbox": "mailto:a@example.vn"}]}}, "authority.objectType"),
        ({"origins": ["https://Noi-Dung.example.vn"]}, "origins[0]"),
        ({"origins": ["https://noi-dung.example.vn/trang"]}, "origins[0]"),
        ({"leniency": ["everything"]}, "leniency[0]"),
        ({"expires": "2099-12-31"}, "expires"),
        ({"expires": "9999-12-31T23:59:59-14:00"}, "expires"),
        ({"expires": "1969-12-31T23:59:59Z"}, "expires"),
        ({"expires": 5}, "expires"),
        ({"limits": {"requests": 0}}, "limits.requests"),
        ({"limits": {"requests": True}}, "limits.requests"),
        ({"limits": {"bytes": 5}}, "limits.*"),
        ({"limits": {"requests": 10**9}}, "limits.requests"),
        ({"limits": {"batch": 1001}}, "limits.batch"),
    ],
)
def test_what_cannot_be_granted_is_refused_with_its_place(admin, wanted, path):
    answer = admin.post("/api/credentials", json=wanted)
    assert answer.status_code == 400
    assert path in {fault["path"] for fault in answer.json["errors"]}


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_who_looks_after_keys_grants_all_but_what_makes_administrators(caller, scope):
    answer = caller(scopes=("credentials",)).post("/api/credentials", json={"scopes": [scope]})
    assert answer.status_code == (403 if scope in GUARDED else 201)
    assert caller(scopes=("admin",)).post("/api/credentials", json={"scopes": [scope]}).status_code == 201


@pytest.mark.parametrize("scopes", [("all",), ("statements/write",), ("share", "audit/read", "records/read")])
def test_nobody_else_sees_or_touches_a_key(caller, scopes):
    client = caller(scopes=scopes)
    asked = [
        client.get("/api/credentials"),
        client.post("/api/credentials", json={}),
        client.get("/api/credentials/any"),
        client.patch("/api/credentials/any", json={}),
        client.post("/api/credentials/any/secret"),
        client.get("/api/credentials/any/diagnostics"),
        client.delete("/api/credentials/any"),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)


def test_nobody_rises_by_way_of_a_key_that_may_do_more(admin, shared_store):
    strong = make(admin, scopes=["admin"])
    org = shared_store.credentials.find(strong["key"]).org
    weak = make(admin, scopes=["credentials"])
    _, headers = basic(admin, weak)
    clerk = admin.application.test_client()
    held = shared_store.database["credentials"].find_one({"_id": strong["key"]})
    for key in (strong["key"], weak["key"]):
        asked = [
            clerk.patch(f"/api/credentials/{key}", json={"scopes": ["statements/write"]}, headers=headers),
            clerk.patch(f"/api/credentials/{key}", json={"scopes": ["admin", "credentials"]}, headers=headers),
            clerk.patch(f"/api/credentials/{key}", json={"disabled": True}, headers=headers),
            clerk.post(f"/api/credentials/{key}/secret", headers=headers),
            clerk.delete(f"/api/credentials/{key}", headers=headers),
        ]
        assert [answer.status_code for answer in asked] == [403] * len(asked)
    assert shared_store.database["credentials"].find_one({"_id": strong["key"]}) == held
    assert shared_store.database["audit"].count_documents({"org": org}) == 2


def test_another_organisation_s_key_is_as_if_it_were_not_there(admin, caller):
    made, stranger = make(admin), caller(scopes=("admin",))
    for key in (made["key"], "never-made"):
        asked = [
            stranger.get(f"/api/credentials/{key}"),
            stranger.patch(f"/api/credentials/{key}", json={"disabled": True}),
            stranger.post(f"/api/credentials/{key}/secret"),
            stranger.get(f"/api/credentials/{key}/diagnostics"),
            stranger.delete(f"/api/credentials/{key}"),
        ]
        assert [answer.status_code for answer in asked] == [404] * len(asked)
        assert {answer.text for answer in asked} == {asked[0].text}
    assert made["key"] not in stranger.get("/api/credentials").text
    assert admin.get(f"/api/credentials/{made['key']}").status_code == 200


def test_a_change_replaces_what_it_names_and_leaves_the_rest(admin, shared_store):
    made = make(admin, label="Cũ", expires="2099-01-01T00:00:00Z", origins=["*"], limits={"requests": 5})
    changed = admin.patch(
        f"/api/credentials/{made['key']}", json={"label": "Mới", "scopes": ["state"], "expires": None, "limits": {}}
    )
    expected = {**made, "label": "Mới", "scopes": ["state"], "expires": None, "limits": {}}
    del expected["secret"]
    assert changed.json == admin.get(f"/api/credentials/{made['key']}").json == expected
    details = {"fields": ["expires", "label", "limits", "scopes"], "scopes": ["state"]}
    assert audited(shared_store, made) == [
        ("credential.created", {"scopes": ["statements/write"]}),
        ("credential.changed", details),
    ]


def test_a_change_that_changes_nothing_is_not_told(admin, shared_store):
    made = make(admin)
    for nothing in ({}, {"label": "", "disabled": False, "scopes": ["statements/write"]}):
        assert admin.patch(f"/api/credentials/{made['key']}", json=nothing).status_code == 200
    assert len(audited(shared_store, made)) == 1


def test_a_disabled_key_opens_nothing_until_it_is_enabled(admin, shared_store):
    made = make(admin, scopes=["all"])
    path = f"/api/credentials/{made['key']}"
    assert admin.patch(path, json={"disabled": True}).json["disabled"] is True
    assert status(admin, made) == 401
    assert admin.patch(path, json={"disabled": False}).json["disabled"] is False
    assert status(admin, made) == 200
    assert [action for action, _ in audited(shared_store, made)][1:] == ["credential.disabled", "credential.enabled"]


def test_a_new_secret_opens_and_the_old_one_does_not(admin, shared_store):
    made = make(admin, scopes=["all"])
    answer = admin.post(f"/api/credentials/{made['key']}/secret")
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert status(admin, made) == 401
    assert status(admin, answer.json) == 200
    assert audited(shared_store, made)[-1] == ("credential.secret_renewed", {})


def test_a_new_secret_opens_at_once_although_somebody_just_tried_a_wrong_one(admin):
    made = make(admin, scopes=["all"])
    assert status(admin, made | {"secret": "guessed"}) == 401
    assert status(admin, admin.post(f"/api/credentials/{made['key']}/secret").json) == 200


def test_a_deleted_key_opens_nothing_and_what_it_stored_stays(admin, shared_store, a_statement):
    made, reader = make(admin), make(admin, scopes=["statements/read"])
    statement = a_statement()
    org = shared_store.credentials.find(made["key"]).org
    assert status(admin, made, "POST", json=statement) == 200
    assert admin.delete(f"/api/credentials/{made['key']}").status_code == 204
    assert admin.get(f"/api/credentials/{made['key']}").status_code == 404
    assert status(admin, reader, path=f"/xapi/statements?statementId={statement['id']}") == 200
    [deleted] = shared_store.database["audit"].find({"org": org, "action": "credential.deleted"})
    assert deleted["details"] == {"scopes": ["statements/write"]}


def test_the_list_is_walked_by_pages_and_names_each_key_once(admin):
    made = sorted(make(admin, label=str(number))["key"] for number in range(5))
    seen, after, pages = [], "", 0
    while after is not None:
        page = admin.get("/api/credentials", query_string={"after": after, "limit": 2}).json
        seen += [each["key"] for each in page["credentials"]]
        after, pages = page["more"], pages + 1
    assert set(made) < set(seen)
    assert seen == sorted(set(seen))
    assert pages == 3
    assert admin.get("/api/credentials?limit=101").status_code == 400


def test_neither_labels_nor_authorities_are_in_the_audit(admin, shared_store):
    made = make(admin, label="Cô Nguyễn Thị Lan", authority={"mbox": "mailto:lan@hoc.example.vn"})
    admin.patch(f"/api/credentials/{made['key']}", json={"label": "Thầy Trần Văn Minh"})
    told = json.dumps(audited(shared_store, made), ensure_ascii=False)
    assert not any(word in told for word in ("Lan", "lan@", "Minh"))


def test_what_a_key_was_refused_for_is_told_to_who_looks_after_keys(admin):
    made = make(admin, leniency=["downgrade"])
    assert status(admin, made, "POST", json={"actor": {}}) == 400
    found = admin.get(f"/api/credentials/{made['key']}/diagnostics").json
    other, headers = basic(admin, made)
    assert found == other.get("/api/diagnostics", headers=headers).json
    assert {refusal["status"] for refusal in found["refusals"]} == {400}
    assert found["leniency"] == [{"name": "downgrade", "count": 0}]
