"""Signing in over real HTTP: a server of two processes, and browsers that keep cookies as browsers do."""

import base64
import http.cookiejar
import json
import secrets
import time
import urllib.error
import urllib.request

import pytest

PASSWORD = "một mật khẩu đủ dài"
COOKIE = "sohoc"


class Browser:
    """Keeps cookies and nothing else; ``key`` makes it speak as a credential."""

    def __init__(self, root, key=None):
        self.root = root
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self._headers = {}
        if key:
            self._headers["Authorization"] = f"Basic {base64.b64encode(':'.join(key).encode()).decode()}"

    def ask(self, method, path, body=None, **headers):
        """Return status, headers and what the JSON says; underscores in names of headers are hyphens."""
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(self.root + path, data, sent, method=method)
        try:
            answer = self._opener.open(request, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None

    @property
    def token(self):
        return next((cookie.value for cookie in self.jar if cookie.name == COOKIE), None)

    def sign_in(self, who, password=PASSWORD, **headers):
        organisation, email = who
        return self.ask(
            "POST", "/api/session", {"organisation": organisation, "email": email, "password": password}, **headers
        )

    @property
    def csrf(self):
        return self.ask("GET", "/api/session")[2]["csrf"]


@pytest.fixture
def machine(server):
    """Speak with the first key, which may administer."""
    return Browser(server.root, (server.key, server.secret))


@pytest.fixture
def browser(server):
    return Browser(server.root)


@pytest.fixture
def person(machine, server):
    """Make a member of the first organisation who has set a password; return the names to sign in with."""

    def make(role="owner"):
        email = f"lan.{secrets.token_hex(4)}@hoc.example.vn"
        status, _, made = machine.ask("POST", "/api/members", {"email": email, "name": "Lan", "role": role})
        assert status == 201
        code = made["invitation"]["code"]
        anybody = Browser(server.root)
        status, _, told = anybody.ask("POST", "/api/invitations/accept", {"code": code, "password": PASSWORD})
        assert (status, told) == (200, {"organisation": "first", "email": email})
        return "first", email

    return make


def test_a_person_signs_in_sees_who_that_is_and_signs_out(browser, person):
    who = person()
    status, headers, told = browser.sign_in(who)
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert told["organisation"] == {"id": "first", "name": "Sổ Học"}
    assert (told["member"]["email"], told["member"]["role"]) == (who[1], "owner")
    assert "admin" in told["scopes"]
    assert "password" not in json.dumps(told)
    status, headers, seen = browser.ask("GET", "/api/session")
    assert (status, seen, headers["Cache-Control"]) == (200, told, "no-store")
    status, headers, _ = browser.ask("DELETE", "/api/session", X_CSRF_Token=told["csrf"])
    assert (status, headers["Cache-Control"], browser.token) == (204, "no-store", None)
    assert browser.ask("GET", "/api/session")[0] == 401


def test_the_cookie_is_kept_from_pages_and_other_sites(browser, person):
    cookie = browser.sign_in(person())[1]["Set-Cookie"]
    value, *attributes = cookie.split("; ")
    assert len(value.removeprefix(f"{COOKIE}=")) == 43
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=43200"} <= set(attributes)
    assert not [attribute for attribute in attributes if attribute.startswith("Domain")]


def test_a_session_that_somebody_else_chose_is_never_taken_over(browser, person, server):
    attacker = Browser(server.root)
    attacker.sign_in(person("analyst"))
    for fixed in ("A" * 43, attacker.token):
        status, headers, _ = browser.sign_in(person(), Cookie=f"{COOKIE}={fixed}")
        assert status == 200
        assert fixed not in headers["Set-Cookie"]
        assert Browser(server.root).ask("GET", "/api/session", Cookie=f"{COOKIE}={fixed}")[0] == 401


@pytest.mark.parametrize("planted", ["x", "x" * 4000, "%ff%00", "\xff\xfe", '"', "a=b"])
def test_a_cookie_that_is_none_of_ours_opens_nothing_and_keeps_nobody_out(browser, person, planted):
    cookie = f"{COOKIE}={planted}"
    assert browser.ask("GET", "/api/session", Cookie=cookie)[0] == 401
    assert browser.sign_in(person(), Cookie=cookie)[0] == 200


def test_writes_with_the_cookie_need_the_sessions_own_csrf_token(browser, person, server):
    browser.sign_in(person())
    other = Browser(server.root)
    other.sign_in(person())
    invitation = {"email": "moi@hoc.example.vn", "name": "Mới", "role": "auditor"}
    for headers in ({}, {"X_CSRF_Token": ""}, {"X_CSRF_Token": "x" * 43}, {"X_CSRF_Token": other.csrf}):
        for method, path, body in (
            ("POST", "/api/members", invitation),
            ("DELETE", "/api/session", None),
            ("POST", "/api/validate", []),
        ):
            assert browser.ask(method, path, body, **headers)[0] == 403
    assert browser.ask("GET", "/api/members")[0] == 200
    assert browser.ask("POST", "/api/validate", [], X_CSRF_Token=browser.csrf)[0] == 200


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "//[x]"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
def test_no_page_of_another_site_signs_in_or_writes(browser, person, server, foreign):
    who = person()
    status, headers, _ = browser.sign_in(who, **foreign)
    assert (status, headers["Set-Cookie"]) == (403, None)
    own = {"Origin": server.root, "Sec_Fetch_Site": "same-origin"}
    assert browser.sign_in(who, **own)[0] == 200
    csrf = browser.csrf
    status, headers, _ = browser.ask("POST", "/api/validate", [], X_CSRF_Token=csrf, **foreign)
    assert status == 403
    assert headers["Access-Control-Allow-Origin"] in {None, "*"}
    assert headers["Access-Control-Allow-Credentials"] is None
    assert browser.ask("POST", "/api/validate", [], X_CSRF_Token=csrf, **own)[0] == 200


def test_no_page_of_another_site_reads_what_a_session_sees(browser, person):
    browser.sign_in(person())
    status, headers, _ = browser.ask("GET", "/api/session", Origin="https://evil.example")
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] is None
    assert headers["Access-Control-Allow-Credentials"] is None


def test_whoever_says_who_it_is_means_that_whatever_cookie_comes_along(browser, machine, person):
    browser.sign_in(person())
    wrong = f"Basic {base64.b64encode(b'nobody:nothing').decode()}"
    assert browser.ask("GET", "/api/session", Authorization=wrong)[0] == 401
    assert browser.ask("GET", "/api/members", Authorization="")[0] == 401
    cookie = f"{COOKIE}={browser.token}"
    assert machine.ask("POST", "/api/validate", [], Cookie=cookie)[0] == 200
    assert machine.ask("GET", "/api/session", Cookie=cookie)[0] == 404
    assert machine.ask("DELETE", "/api/session", Cookie=cookie)[0] == 404
    assert browser.ask("GET", "/api/session")[0] == 200


def test_the_cookie_opens_nothing_but_the_own_api(browser, person):
    told = browser.sign_in(person())[2]
    version = {"X_Experience_API_Version": "2.0.0", "X_CSRF_Token": told["csrf"]}
    for method, path in (
        ("GET", "/xapi/statements"),
        ("POST", "/xapi/statements"),
        ("GET", "/xapi/agents?agent=%7B%7D"),
        ("GET", "/xapi/activities/state"),
    ):
        assert browser.ask(method, path, [] if method == "POST" else None, **version)[0] == 401
    assert browser.ask("POST", "/oauth/token", {"grant_type": "client_credentials"}, **version)[0] in {400, 401, 404}


def test_a_stolen_code_is_of_no_use_twice(machine, browser):
    email = f"{secrets.token_hex(4)}@hoc.example.vn"
    made = machine.ask("POST", "/api/members", {"email": email, "name": "Lan", "role": "owner"})
    assert made[1]["Cache-Control"] == "no-store"
    code = made[2]["invitation"]["code"]
    assert browser.ask("POST", "/api/invitations/accept", {"code": code, "password": PASSWORD})[0] == 200
    stolen = {"code": code, "password": "the password of a thief"}
    status, _, told = browser.ask("POST", "/api/invitations/accept", stolen)
    assert (status, told["errors"][0]["path"]) == (400, "code")
    assert code not in json.dumps(told)
    assert browser.sign_in(("first", email), "the password of a thief")[0] == 401
    assert browser.sign_in(("first", email))[0] == 200


def test_a_forgotten_password_is_set_anew_and_ends_what_was_open(machine, browser, person, server):
    who = person()
    browser.sign_in(who)
    member = browser.ask("GET", "/api/session")[2]["member"]["id"]
    status, _, made = machine.ask("POST", f"/api/members/{member}/invitation")
    assert (status, made["member"]["id"]) == (201, member)
    anybody = Browser(server.root)
    accepted = {"code": made["invitation"]["code"], "password": "another long password"}
    assert anybody.ask("POST", "/api/invitations/accept", accepted)[0] == 200
    assert browser.ask("GET", "/api/session")[0] == 401
    assert anybody.sign_in(who)[0] == 401
    assert anybody.sign_in(who, "another long password")[0] == 200


def test_members_of_one_organisation_do_nothing_in_another(machine, browser, person, server):
    name = f"o{secrets.token_hex(4)}"
    owner = {"email": "chu@hoc.example.vn", "name": "Chủ"}
    wanted = {"id": name, "name": "Trường khác", "owner": owner}
    status, _, made = machine.ask("POST", "/api/organisations", wanted)
    assert status == 201
    accepted = {"code": made["invitation"]["code"], "password": PASSWORD}
    other = Browser(server.root)
    assert other.ask("POST", "/api/invitations/accept", accepted)[2]["organisation"] == name
    assert other.sign_in(("first", owner["email"]))[0] == 401
    assert other.sign_in((name, owner["email"]))[0] == 200
    browser.sign_in(person())
    mine = browser.ask("GET", "/api/session")[2]["member"]["id"]
    csrf = other.csrf
    assert [member["email"] for member in other.ask("GET", "/api/members")[2]["members"]] == [owner["email"]]
    for method, path, body in (
        ("GET", f"/api/members/{mine}", None),
        ("PATCH", f"/api/members/{mine}", {"role": "analyst"}),
        ("PATCH", f"/api/members/{mine}", {"disabled": True}),
        ("DELETE", f"/api/members/{mine}", None),
        ("POST", f"/api/members/{mine}/invitation", None),
    ):
        assert other.ask(method, path, body, X_CSRF_Token=csrf)[0] == 404
    assert other.ask("GET", "/api/organisations")[0] == 403
    assert browser.ask("GET", "/api/session")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"organisation": "first", "email": "lan@hoc.example.vn"},
        {"organisation": 1, "email": "lan@hoc.example.vn", "password": PASSWORD},
        {"organisation": "first", "email": {"$ne": ""}, "password": PASSWORD},
        {"organisation": "first", "email": "lan@hoc.example.vn", "password": "x" * 801},
        {"organisation": "first", "email": "lan@hoc.example.vn", "password": PASSWORD, "role": "owner"},
    ],
)
def test_what_is_no_sign_in_is_refused_without_being_repeated(browser, body):
    status, _, told = browser.ask("POST", "/api/session", body)
    assert status == 400
    assert PASSWORD not in json.dumps(told, ensure_ascii=False)


def test_a_refusal_asks_no_browser_to_open_its_own_dialogue(browser):
    status, headers, _ = browser.sign_in(("first", "nobody@hoc.example.vn"))
    assert (status, headers["WWW-Authenticate"]) == (401, "Session")
    assert browser.ask("GET", "/api/session", Cookie=f"{COOKIE}=over")[1]["WWW-Authenticate"] == "Session"
    assert browser.ask("GET", "/api/diagnostics")[1]["WWW-Authenticate"].startswith("Basic ")


def test_a_browser_in_which_somebody_signed_in_is_known_again(browser, person, server):
    who = person()
    browser.sign_in(who)
    (mark,) = [cookie for cookie in browser.jar if cookie.name == "sohoc-browser"]
    assert mark.has_nonstandard_attr("HttpOnly")
    assert mark.expires - time.time() > 100 * 24 * 3600
    stranger = Browser(server.root)
    told = [stranger.sign_in(who, "a wrong password")[0] for _ in range(20)]
    assert told == [401] * 10 + [429] * 10
    assert [browser.sign_in(who)[0] for _ in range(5)] == [200] * 5


def test_a_person_changes_the_password_and_signs_out_everywhere(browser, machine, person, server):
    who, other = person(), Browser(server.root)
    csrf = browser.sign_in(who)[2]["csrf"]
    other.sign_in(who)
    wanted = {"current": PASSWORD, "password": "another long password"}
    change = ("POST", "/api/session/password")
    assert browser.ask(*change, wanted)[0] == 403
    assert machine.ask(*change, wanted)[0] == 404
    status, _, told = browser.ask(*change, wanted | {"current": "a wrong password"}, X_CSRF_Token=csrf)
    assert (status, [fault["path"] for fault in told["errors"]]) == (400, ["current"])
    before = browser.token
    status, headers, told = browser.ask(*change, wanted, X_CSRF_Token=csrf)
    assert (status, headers["Cache-Control"], told["member"]["email"]) == (200, "no-store", who[1])
    assert browser.token != before
    assert other.ask("GET", "/api/session")[0] == 401
    assert browser.ask("GET", "/api/session")[2] == told
    assert other.sign_in(who)[0] == 401
    assert other.sign_in(who, "another long password")[0] == 200
    assert browser.ask("DELETE", "/api/sessions")[0] == 403
    assert machine.ask("DELETE", "/api/sessions")[0] == 404
    assert browser.ask("DELETE", "/api/sessions", X_CSRF_Token=told["csrf"])[0] == 204
    assert browser.token is None
    assert other.ask("GET", "/api/session")[0] == 401
