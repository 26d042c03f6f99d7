import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from lrs.app import close, create_app
from lrs.config import Config
from lrs.services.providers import Client, ProviderService
from lrs.services.web import Web

PROVIDERS = "/api/providers"
PEPPER = "a pepper for tests, of 32 characters or more"
ADMIN = ("admin",)


@pytest.fixture(scope="module")
def config(mongod, shared_store):
    """Settings under which this machine may be asked."""
    name = shared_store.database.name
    return Config(mongodb_uri=mongod.uri, database=name, pepper=PEPPER, provider_hosts="127.0.0.1")


@pytest.fixture(scope="module")
def shared_app(config):
    made = create_app(config)
    yield made
    close(made)


@pytest.fixture
def another_app(config):
    """Another process, which no other test asks: its clock can be turned."""
    made = create_app(config)
    yield made
    close(made)


@pytest.fixture
def wanted(identity_provider):
    def make(**changes):
        usual = {"issuer": identity_provider.issuer, "audience": "https://hoc.example.vn/xapi", "scopes": ["state"]}
        return usual | changes

    return make


@pytest.fixture
def sent(another_app):
    """Ask for the state of somebody with a token."""

    def send(token):
        asked = {"activityId": "https://hoc.example.vn/a", "agent": '{"mbox":"mailto:lan@hoc.example.vn"}'}
        headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "2.0.0"}
        return another_app.test_client().get("/xapi/activities/state", query_string=asked, headers=headers).status_code

    return send


def test_a_registered_provider_opens_what_it_may_and_a_removed_one_nothing(
    caller, wanted, identity_provider, sent, later
):
    client, token = caller(scopes=ADMIN), identity_provider.token(scope="openid xapi:state")
    assert sent(token) == 401
    made = client.post(PROVIDERS, json=wanted())
    assert made.status_code == 201
    later(4)
    assert sent(token) == 200
    assert sent(identity_provider.token(scope="xapi:statements/read state")) == 403
    assert client.delete(f"{PROVIDERS}/{made.json['id']}").status_code == 204
    later(57)
    assert sent(token) == 401


def test_statements_carry_the_subject_as_their_authority(caller, wanted, identity_provider, another_app, a_statement):
    client = caller(scopes=("admin", "all"))
    client.post(PROVIDERS, json=wanted(scopes=["statements/write"]))
    headers = {"Authorization": f"Bearer {identity_provider.token()}", "X-Experience-API-Version": "2.0.0"}
    assert another_app.test_client().post("/xapi/statements", json=a_statement(), headers=headers).status_code == 200
    (stored,) = client.get("/xapi/statements").json["statements"]
    assert stored["authority"]["account"] == {"homePage": identity_provider.issuer, "name": "lan@hoc.example.vn"}


def test_it_is_shown_without_its_secret_and_changed_member_by_member(caller, wanted):
    client = caller(scopes=ADMIN)
    secret = secrets.token_hex(8)
    made = client.post(PROVIDERS, json=wanted(label="SSO", sign_in={"client_id": "lrs", "client_secret": secret})).json
    assert made["sign_in"] == {"client_id": "lrs", "secret": True}
    assert made["scope_prefix"] == "xapi:"
    path = f"{PROVIDERS}/{made['id']}"
    assert client.get(path).json == made
    assert client.get(PROVIDERS).json == {"providers": [made]}
    changed = client.patch(
        path, json={"label": "SSO cũ", "disabled": True, "scopes": ["all"], "scope_prefix": "hoc/"}
    ).json
    assert changed == made | {"label": "SSO cũ", "disabled": True, "scopes": ["all"], "scope_prefix": "hoc/"}
    assert client.patch(path, json={"sign_in": None}).json["sign_in"] is None
    assert client.get(path).json["disabled"] is True
    assert secret not in client.get(PROVIDERS).text


def test_a_client_secret_lies_sealed_and_is_handed_back_to_who_signs_people_in(caller, wanted, shared_store):
    secret = secrets.token_hex(8)
    made = caller(scopes=ADMIN).post(PROVIDERS, json=wanted(sign_in={"client_id": "lrs", "client_secret": secret})).json
    row = shared_store.database["providers"].find_one({"_id": made["id"]})
    assert secret not in repr(row)
    service = ProviderService(shared_store, Web(), PEPPER, "https://hoc.example.vn")
    (provider,) = service.for_people(bytes(row["org"]))
    assert service.client(provider) == Client("lrs", secret)


def test_two_organisations_see_nothing_of_each_other(caller, wanted):
    ours, theirs = caller(scopes=ADMIN), caller(scopes=ADMIN)
    made = ours.post(PROVIDERS, json=wanted()).json
    path = f"{PROVIDERS}/{made['id']}"
    assert theirs.get(PROVIDERS).json == {"providers": []}
    for method in ("get", "delete"):
        assert getattr(theirs, method)(path).status_code == 404
    assert theirs.patch(path, json={"disabled": True}).status_code == 404
    assert theirs.post(PROVIDERS, json=wanted()).status_code == 409
    assert theirs.post(PROVIDERS, json=wanted(audience="other")).status_code == 201
    assert ours.get(path).json == made


def test_an_organisation_has_twenty_at_most_however_many_are_registered_at_once(
    caller, wanted, shared_app, identity_provider
):
    client = caller(scopes=ADMIN)
    for number in range(18):
        assert client.post(PROVIDERS, json=wanted(audience=f"{number}")).status_code == 201
    sent = {"headers": {"Authorization": client.environ_base["HTTP_AUTHORIZATION"]}}
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(
            lambda number: (
                shared_app.test_client().post(PROVIDERS, json=wanted(audience=f"{number}"), **sent).status_code
            ),
            range(18, 24),
        )
    assert sorted(found) == [201] * 2 + [409] * 4
    identity_provider.fetches.clear()
    assert client.post(PROVIDERS, json=wanted(audience="more")).status_code == 409
    assert identity_provider.fetches == {}
    assert len(client.get(PROVIDERS).json["providers"]) == 20


@pytest.mark.parametrize(
    "spoil",
    [
        {"issuer": "ftp://sso.example.vn"},
        {"issuer": "https://user@sso.example.vn"},
        {"issuer": "https://sso.example.vn/lan%40hoc.example.vn"},
        {"issuer": "https://sso.example.vn/MailTo:lan"},
        {"issuer": "https://10.1.2.3"},
        {"issuer": "https://localhost"},
        {"issuer": "http://sso.example.vn"},
        {"issuer": "http://127.0.0.1:8080"},
        {"issuer": "http://127.0.0.1:1"},
        {"audience": ""},
        {"audience": "khán giả"},
        {"scopes": ["nonsense"]},
        {"scopes": None},
        {"scope_prefix": ""},
        {"scope_prefix": "x api"},
        {"sign_in": {}},
        {"keys": []},
    ],
)
def test_a_wrong_provider_is_refused(caller, wanted, identity_provider, spoil):
    answer = caller(scopes=ADMIN).post(PROVIDERS, json=wanted(**spoil))
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["errors"][0]["path"].partition(".")[0].partition("[")[0] in {*spoil, "*"}
    assert identity_provider.fetches == {}


@pytest.mark.parametrize("habit", ["down", "redirect", "huge", "nonsense", "stranger"])
def test_a_provider_that_gives_no_useful_answer_is_not_registered(caller, wanted, identity_provider, habit):
    identity_provider.habit = habit
    client = caller(scopes=ADMIN)
    answer = client.post(PROVIDERS, json=wanted())
    assert (answer.status_code, answer.json["errors"][0]["rule"]) == (400, "provider")
    assert client.get(PROVIDERS).json == {"providers": []}


@pytest.mark.parametrize("path", ["/%40x", "/mailto:x"])
def test_an_issuer_that_the_audit_may_not_name_is_refused_before_it_is_asked(caller, wanted, identity_provider, path):
    answer = caller(scopes=ADMIN).post(PROVIDERS, json=wanted(issuer=identity_provider.issuer + path))
    assert (answer.status_code, answer.json["errors"][0]["path"]) == (400, "issuer")
    assert identity_provider.fetches == {}


@pytest.mark.parametrize("scopes", [("all",), ("credentials",), ("audit/read", "share")])
def test_only_administrators_may(caller, wanted, identity_provider, scopes):
    client = caller(scopes=scopes)
    assert client.post(PROVIDERS, json=wanted()).status_code == 403
    assert client.get(PROVIDERS).status_code == 403
    assert identity_provider.fetches == {}


def test_every_change_is_audited_without_labels(caller, wanted):
    client = caller(scopes=("admin", "audit/read"))
    made = client.post(PROVIDERS, json=wanted(label="Của Lan")).json
    path = f"{PROVIDERS}/{made['id']}"
    client.patch(path, json={"label": "Của Ba"})
    client.delete(path)
    told = client.get("/api/audit").json
    assert "Lan" not in repr(told)
    found = [each["action"] for each in told["records"] if each["target"] == made["id"]]
    assert sorted(found) == ["provider.changed", "provider.registered", "provider.removed"]
