"""`lrs admin organisations`, `credentials` and `members`: what they do, what they say, and their exit codes."""

import json
import re

import pytest

from lrs.cli import main
from lrs.services.auth import Authenticator
from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.setup import first_credential

PEPPER = "a pepper for tests, of 32 characters or more"
REFUSED = [
    (["organisations", "create", "Chữ", "--name", "x"], "id:"),
    (["organisations", "create", "first", "--name", "x"], "There is an organisation with this id"),
    (["organisations", "create", "hcmus", "--name", "x", "--owner-email", "nobody"], "owner: email:"),
    (["organisations", "disable", "first"], "cannot be disabled"),
    (["organisations", "disable", "never-made"], "There is no such organisation"),
    (["credentials", "list", "--organisation", "never-made"], "There is no organisation never-made."),
    (["credentials", "create", "--expires", "tomorrow"], "expires:"),
    (["credentials", "create", "--origins", "https://A"], "origins:"),
    (["credentials", "create", "--limits", "requests"], "must be a number"),
    (["credentials", "create", "--limits", "bytes=5"], "limits: bytes:"),
    (["credentials", "create", "--intake", "identities=hide"], "intake: identities:"),
    (["credentials", "create", "--intake", "names"], "intake: names:"),
    (["credentials", "create", "--authority", "Lan"], "--authority:"),
    (["credentials", "create", "--authority", "{}"], "authority:"),
    (["credentials", "create", "--team", "Lan"], "--team:"),
    (["credentials", "create", "--team", '{"objectType": "Group", "member": []}'], "bound: team:"),
    (["credentials", "create", "--consent", "employer"], "bound:"),
    (["credentials", "create", "--bound-to", "H1", "--scopes", "all"], "Not for one that is bound"),
    (["members", "invite", "nobody"], "email:"),
]


@pytest.fixture
def run(monkeypatch, capsys, mongod, store):
    """Run `lrs admin` on the store; return its exit code and what it said."""
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)
    monkeypatch.setenv("LRS_PUBLIC_URL", "https://hoc.example.vn")
    monkeypatch.setenv("LC_ALL", "C")
    first_credential(store, PEPPER, "first-key", "first-secret")

    def command(*arguments):
        code = main(["admin", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


@pytest.fixture
def told(run):
    """Run a command that succeeds with --json; return what it said."""

    def command(*arguments):
        code, said = run(*arguments, "--json")
        assert code == 0, said
        return json.loads(said)

    return command


def audited(store, organisation):
    org = store.organisations.find(organisation).org
    rows = store.database["audit"].find({"org": org, "actor": "cli"}).sort("seq", 1)
    return [(row["action"], row["target"]) for row in rows]


def test_an_organisation_with_a_tool_s_key_is_two_commands(run, store):
    assert run("organisations", "create", "hcmus", "--name", "Trường Đại học", "--kind", "university")[0] == 0
    code, said = run("credentials", "create", "--organisation", "hcmus", "--label", "Moodle")
    assert code == 0
    key, secret = re.fullmatch(r"Key     (\S+)\nSecret  (\S+)\nThe secret is shown this once.\n", said).groups()
    found = Authenticator(store, PEPPER).basic(key, secret)
    assert (found.organisation, found.scopes) == ("hcmus", {"statements/write"})
    assert found.authority_agent["account"] == {"homePage": "https://hoc.example.vn", "name": key}
    assert audited(store, "hcmus") == [("organisation.created", "hcmus"), ("credential.created", key)]


def test_an_organisation_can_be_handed_to_its_owner(run, told, store):
    owner = ("--owner-email", "Lan@hcmus.example.vn", "--owner-name", "Nguyễn Thị Lan")
    code, said = run("organisations", "create", "hcmus", "--name", "Trường", *owner)
    assert code == 0
    People(store, PEPPER, Passwords()).accept(said.splitlines()[-1], "một mật khẩu đủ dài")
    [member] = told("members", "list", "--organisation", "hcmus")
    assert (member["email"], member["role"], member["joined"]) == ("lan@hcmus.example.vn", "owner", True)


def test_organisations_are_listed_changed_disabled_and_enabled(run, told, store):
    told("organisations", "create", "hcmus", "--name", "Trường")
    told("organisations", "change", "hcmus", "--name", "Trường Đại học", "--kind", "university")
    code, said = run("organisations", "disable", "hcmus")
    assert (code, "disabled" in said) == (0, True)
    [hcmus] = [each for each in told("organisations", "list") if each["id"] == "hcmus"]
    assert (hcmus["name"], hcmus["kind"], hcmus["disabled"]) == ("Trường Đại học", "university", True)
    assert "hcmus  university  yes       Trường Đại học" in run("organisations", "list")[1]
    assert told("organisations", "enable", "hcmus")["disabled"] is False
    actions = [action for action, _ in audited(store, "hcmus")]
    assert actions == [f"organisation.{what}" for what in ("created", "changed", "disabled", "enabled")]


def test_a_key_is_changed_renewed_and_deleted(run, told, store):
    fields = (
        "--scopes",
        "state",
        "all/read",
        "--origins",
        "https://noi-dung.example.vn",
        "--expires",
        "2099-01-01T00:00:00Z",
    )
    made = told(
        "credentials", "create", *fields, "--limits", "requests=600", "--authority", '{"mbox": "mailto:a@b.vn"}'
    )
    assert made["scopes"] == ["all/read", "state"]
    assert made["authority"] == {"objectType": "Agent", "mbox": "mailto:a@b.vn"}
    assert (made["expires"], made["limits"]) == ("2099-01-01T00:00:00.000000Z", {"requests": 600})
    changed = told("credentials", "change", made["key"], "--expires", "never", "--origins", "--limits")
    assert (changed["expires"], changed["origins"], changed["limits"]) == (None, [], {})
    assert changed["scopes"] == made["scopes"]
    assert run("credentials", "disable", made["key"])[0] == 0
    assert [each["disabled"] for each in told("credentials", "list") if each["key"] == made["key"]] == [True]
    assert run("credentials", "enable", made["key"])[0] == 0
    renewed = told("credentials", "secret", made["key"])
    assert renewed["secret"] != made["secret"]
    assert Authenticator(store, PEPPER).basic(made["key"], renewed["secret"]).credential == made["key"]
    assert run("credentials", "delete", made["key"]) == (
        0,
        f"The key {made['key']} was deleted; what was stored with it stays.\n",
    )
    assert run("credentials", "delete", made["key"]) == (1, "It did not work: There is no such credential\n")
    actions = [action for action, target in audited(store, "first") if target == made["key"]]
    assert actions == [
        f"credential.{what}" for what in ("created", "changed", "disabled", "enabled", "secret_renewed", "deleted")
    ]


def test_no_list_shows_a_secret_and_every_key_is_in_it(run, told):
    made = [told("credentials", "create", "--label", f"Công cụ {number}") for number in range(3)]
    code, said = run("credentials", "list")
    assert code == 0
    assert len(said.splitlines()) == 1 + 1 + len(made)
    for each in made:
        assert each["key"] in said
        assert each["secret"] not in said
    assert "secret" not in repr(told("credentials", "list"))


def test_limits_above_the_server_s_can_be_set_here_only(told):
    assert told("credentials", "create", "--limits", "requests=10000000")["limits"] == {"requests": 10_000_000}


def test_a_key_gets_an_intake(told):
    made = told("credentials", "create", "--intake", "identities=pseudonymise", "contents=refuse", "minors=headcount")
    assert made["intake"] == {"identities": "pseudonymise", "contents": "refuse", "minors": "headcount"}
    assert told("credentials", "change", made["key"], "--intake", "contents=allow")["intake"] == {"contents": "allow"}


def test_members_are_invited_given_roles_and_disabled(run, told, store):
    assert told("members", "invite", "lan@hoc.example.vn", "--name", "Lan")["member"]["role"] == "owner"
    first = told("members", "invite", "minh@hoc.example.vn", "--role", "auditor")
    again = told("members", "invite", "Minh@hoc.example.vn")
    assert (again["member"]["id"], again["member"]["role"]) == (first["member"]["id"], "auditor")
    assert again["invitation"]["code"] != first["invitation"]["code"]
    assert told("members", "role", "minh@hoc.example.vn", "operator")["role"] == "operator"
    assert told("members", "disable", first["member"]["id"])["disabled"] is True
    assert told("members", "enable", "minh@hoc.example.vn")["disabled"] is False
    assert run("members", "disable", "nobody@hoc.example.vn") == (1, "It did not work: There is no such member\n")
    code, said = run("members", "disable", "lan@hoc.example.vn")
    assert (code, "owner" in said) == (1, True)
    actions = [action for action, target in audited(store, "first") if target == first["member"]["id"]]
    assert actions == ["member.invited", "member.invited", "member.changed", "member.disabled", "member.enabled"]


def test_what_is_refused_is_said_in_a_sentence_and_ends_with_one(run):
    for arguments, reason in REFUSED:
        code, said = run(*arguments)
        assert code == 1, arguments
        assert reason in said
        assert len(said.splitlines()) == 1


def test_it_speaks_vietnamese_where_the_locale_does(run, monkeypatch):
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert run("credentials", "create")[1].endswith("Mật mã chỉ hiện một lần này.\n")
    assert run("organisations", "create", "hcmus", "--name", "Trường")[1].startswith("Đã tạo tổ chức hcmus.")


def test_without_a_pepper_nothing_is_done(run, monkeypatch):
    monkeypatch.setenv("LRS_PEPPER", "")
    code, said = run("credentials", "list")
    assert (code, "LRS_PEPPER" in said) == (1, True)


def test_a_command_that_there_is_not_ends_with_two(run):
    with pytest.raises(SystemExit) as ended:
        run("credentials", "steal")
    assert ended.value.code == 2


def test_a_key_is_bound_and_freed(told):
    made = told("credentials", "create", "--bound-to", "H1", "--scopes", "statements/write", "records/read")
    assert made["bound"] == {"organisation": "H1"}
    team = {"objectType": "Group", "mbox": "mailto:to@hoc.example.vn"}
    changed = told("credentials", "change", made["key"], "--team", json.dumps(team), "--consent", "employer")
    assert changed["bound"] == {"team": team, "consent": "employer"}
    assert told("credentials", "change", made["key"], "--unbound")["bound"] == {}
