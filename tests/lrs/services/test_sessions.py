import contextlib
import secrets
import time
import uuid
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from lrs.errors import BadRequest, Conflict, Forbidden, TooManyRequests, Unauthorized
from lrs.services import clocks
from lrs.services.audit import sealed_with
from lrs.services.auth import REMEMBERED
from lrs.services.limits import FAILURES_OF_NAME, Attempts
from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.scopes import ROLES
from lrs.services.sessions import IDLE, LONGEST, SessionService
from lrs.store import open_store
from lrs.store.organisations import Organisation
from schemas.faults import Refused

PEPPER = "a pepper for tests, of 32 characters or more"
PASSWORD = "một mật khẩu đủ dài"
HOME = "https://hoc.example.vn"
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def store(mongod):
    """One database for all: every test has an organisation of its own."""
    name = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as opened:
        opened.migrate()
        opened.organisations.insert(Organisation("first", b"the host", "Sổ Học"))
        yield opened
        opened.client.drop_database(name)


@pytest.fixture
def people(store):
    return People(store, PEPPER, Passwords())


@pytest.fixture
def process(store, people):
    """Make what one process has; others know nothing of what it remembers."""

    def make():
        return SessionService(store, PEPPER, HOME, people, Passwords(), Attempts(store.allowances, PEPPER))

    return make


@pytest.fixture
def service(process):
    return process()


@pytest.fixture
def organisation(store):
    made = Organisation(f"o{secrets.token_hex(6)}", secrets.token_bytes(8), "Trường thử")
    store.organisations.insert(made)
    return made


@pytest.fixture
def member(people, organisation):
    """Make a member with a password; there is another owner."""
    people.accept(people.invite(organisation.org, "owner@hoc.example.vn", "Chủ", "owner", "cli").code, PASSWORD)

    def make(role="owner", email="lan@hoc.example.vn"):
        return people.accept(people.invite(organisation.org, email, "Lan", role, "cli").code, PASSWORD)

    return make


@pytest.fixture
def later(monkeypatch):
    """Let both clocks go on by some microseconds."""
    now, passed = clocks.now, clocks.passed
    gone = 0

    def go(microseconds):
        nonlocal gone
        gone += microseconds
        monkeypatch.setattr("lrs.services.clocks.now", lambda: now() + gone)
        monkeypatch.setattr("lrs.services.clocks.passed", lambda: passed() + gone / 1e6)

    return go


def signed_in(service, organisation, email="lan@hoc.example.vn", **options):
    return service.sign_in(organisation.id, email, PASSWORD, **options)


def test_a_session_opens_what_the_role_allows_and_names_nobody(service, organisation, member):
    who = member("analyst")
    principal = service.caller(signed_in(service, organisation).token)
    assert (principal.org, principal.organisation) == (organisation.org, organisation.id)
    assert principal.credential == f"member:{who.id}"
    assert principal.scopes == ROLES["analyst"]
    assert principal.authority_agent == {
        "objectType": "Agent",
        "account": {"homePage": HOME, "name": f"member:{who.id}"},
    }
    assert principal.origins == frozenset()
    assert principal.bounds


def test_letters_of_either_case_are_the_same_email(service, organisation, member):
    member()
    assert service.caller(signed_in(service, organisation, " LAN@Hoc.Example.VN").token)


def test_every_sign_in_is_a_new_session_and_replaces_the_one_it_came_with(service, process, organisation, member):
    member()
    first = signed_in(service, organisation)
    second = signed_in(service, organisation)
    assert first.token != second.token
    third = signed_in(service, organisation, instead=second.token)
    for known in (first, third):
        assert process().caller(known.token)
    for someone in (service, process()):
        with pytest.raises(Unauthorized):
            someone.caller(second.token)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 5000, "ế" * 20])
def test_a_token_that_was_never_given_opens_nothing(service, token):
    with pytest.raises(Unauthorized):
        service.caller(token)


def test_only_a_keyed_hash_of_the_token_is_stored(store, service, organisation, member):
    member()
    made = signed_in(service, organisation)
    kept = repr([list(store.database[name].find()) for name in store.database.list_collection_names()])
    assert made.token not in kept
    assert made.csrf not in kept


def test_another_pepper_opens_nothing(store, service, people, organisation, member):
    member()
    token = signed_in(service, organisation).token
    other = SessionService(store, PEPPER[::-1], HOME, people, Passwords(), Attempts(store.allowances, PEPPER))
    with pytest.raises(Unauthorized):
        other.caller(token)


def test_what_must_come_with_writes_is_the_sessions_own(service, organisation, member):
    member()
    one, other = signed_in(service, organisation), signed_in(service, organisation)
    service.require_csrf(one.token, one.csrf)
    for offered in ("", other.csrf, one.token, one.csrf + "x", "ế"):
        with pytest.raises(Forbidden):
            service.require_csrf(one.token, offered)


def withdrawals(people, store, organisation, who):
    return {
        "disabled": lambda: people.change(organisation.org, who.id, "cli", disabled=True),
        "deleted": lambda: people.delete(organisation.org, who.id, "cli"),
        "given a new password": lambda: people.accept(
            people.invite_again(organisation.org, who.id, "cli").code, "another long password"
        ),
        "of a disabled organisation": lambda: store.organisations.change(organisation.id, {"disabled": True}),
    }


@pytest.mark.parametrize("what", ["disabled", "deleted", "given a new password", "of a disabled organisation"])
def test_who_is_withdrawn_is_refused_by_every_process_within_a_minute(
    process, people, store, organisation, member, later, what
):
    who = member()
    processes = [process(), process()]
    token = signed_in(processes[0], organisation).token
    for each in processes:
        assert each.caller(token)
    withdrawals(people, store, organisation, who)[what]()
    assert REMEMBERED < 60
    later(int(REMEMBERED * 1e6) + 1_000_000)
    for each in processes:
        with pytest.raises(Unauthorized):
            each.caller(token)


def test_a_changed_role_holds_for_every_process_within_a_minute(process, people, organisation, member, later):
    who = member("owner")
    processes = [process(), process()]
    token = signed_in(processes[0], organisation).token
    for each in processes:
        assert each.caller(token).may("admin")
    people.change(organisation.org, who.id, "cli", role="auditor")
    later(int(REMEMBERED * 1e6) + 1_000_000)
    for each in processes:
        assert each.caller(token).scopes == ROLES["auditor"]


def test_being_enabled_again_brings_no_session_back(service, process, people, organisation, member):
    who = member()
    token = signed_in(service, organisation).token
    people.change(organisation.org, who.id, "cli", disabled=True)
    people.change(organisation.org, who.id, "cli", disabled=False)
    with pytest.raises(Unauthorized):
        process().caller(token)
    assert process().caller(signed_in(service, organisation).token)


def test_a_sign_in_that_was_proven_before_the_password_changed_begins_nothing(service, people, organisation, member):
    who = member()
    people.accept(people.invite_again(organisation.org, who.id, "cli").code, "another long password")
    late = service.begin(organisation, who, method="password")
    with pytest.raises(Unauthorized):
        service.caller(late.token)


def test_a_session_ends_after_half_an_hour_without_use(process, organisation, member, later):
    member()
    token = signed_in(process(), organisation).token
    for _ in range(3):
        later(IDLE - 2 * MINUTE)
        assert process().caller(token)
    later(IDLE)
    with pytest.raises(Unauthorized):
        process().caller(token)


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(service, process, organisation, member, later):
    member()
    made = signed_in(service, organisation)
    begun = clocks.now()
    while clocks.now() < begun + LONGEST - 25 * MINUTE:
        later(20 * MINUTE)
        assert process().caller(made.token)
        assert service.caller(made.token)
    assert abs(made.expires - begun - LONGEST) < MINUTE
    later(25 * MINUTE)
    for someone in (service, process()):
        with pytest.raises(Unauthorized):
            someone.caller(made.token)


def test_the_database_forgets_sessions_by_itself(store, service, organisation, member):
    member()
    token = signed_in(service, organisation).token
    assert store.database["sessions"].index_information()["expires"]["expireAfterSeconds"] == 0
    row = store.database["sessions"].find_one({"_id": service._digest(token)})
    assert 25 < (row["expires"].timestamp() - row["created"] / 1e6) / 60 < 24 * 60


def test_signing_out_ends_the_session_for_everybody(service, process, organisation, member, later):
    member()
    token = signed_in(service, organisation).token
    other = process()
    assert other.caller(token)
    service.sign_out(token)
    service.sign_out(token)
    with pytest.raises(Unauthorized):
        service.caller(token)
    later(int(REMEMBERED * 1e6) + 1_000_000)
    with pytest.raises(Unauthorized):
        other.caller(token)


def test_whatever_is_wrong_is_refused_alike(service, people, organisation, member):
    who = member()
    invited = people.invite(organisation.org, "moi@hoc.example.vn", "Mới", "owner", "cli")
    member("owner", "khoa@hoc.example.vn")
    disabled = people.find(organisation.org, "khoa@hoc.example.vn")
    people.change(organisation.org, disabled.id, "cli", disabled=True)
    assert not people.get(organisation.org, invited.member_id).joined
    refusals = set()
    for place, email, password in (
        (organisation.id, who.email, "a wrong password"),
        (organisation.id, "nobody@hoc.example.vn", PASSWORD),
        ("nowhere", who.email, PASSWORD),
        (organisation.id, disabled.email, PASSWORD),
        (organisation.id, "moi@hoc.example.vn", PASSWORD),
        (organisation.id, who.email, ""),
    ):
        with pytest.raises(Unauthorized) as refused:
            service.sign_in(place, email, password)
        refusals.add(refused.value.title)
    assert len(refusals) == 1


def test_what_is_unknown_takes_as_long_as_what_is_wrong(service, organisation, member):
    who = member()

    def quickest(place, email):
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            with pytest.raises(Unauthorized):
                service.sign_in(place, email, "a wrong password")
            times.append(time.perf_counter() - begin)
        return min(times)

    wrong = quickest(organisation.id, who.email)
    unknown = [quickest(organisation.id, "nobody@hoc.example.vn"), quickest("nowhere", who.email)]
    # Without the slow hash it would be a tenth of it.
    assert all(wrong / 2 < each < wrong * 2 for each in unknown), (wrong, unknown)


def test_after_ten_wrong_passwords_an_account_is_closed_for_a_while(service, organisation, member):
    member()
    member("auditor", "minh@hoc.example.vn")
    for _ in range(FAILURES_OF_NAME):
        with pytest.raises(Unauthorized):
            service.sign_in(organisation.id, "Lan@hoc.example.vn", "a wrong password", address="192.0.2.1")
    with pytest.raises(TooManyRequests) as refused:
        service.sign_in(organisation.id, "lan@hoc.example.vn", "a wrong password", address="192.0.2.1")
    assert 0 < refused.value.retry_after <= 15 * 60
    with pytest.raises(TooManyRequests):
        signed_in(service, organisation, address="192.0.2.1")
    assert signed_in(service, organisation, "minh@hoc.example.vn", address="192.0.2.1")
    assert signed_in(service, organisation, address="192.0.2.2")


def test_whoever_guesses_shuts_nobody_out_of_a_browser_of_theirs(service, organisation, member):
    member()
    member("auditor", "minh@hoc.example.vn")
    own = signed_in(service, organisation, address="192.0.2.7").browser
    others = signed_in(service, organisation, "minh@hoc.example.vn", address="192.0.2.7").browser
    for _ in range(FAILURES_OF_NAME):
        with pytest.raises(Unauthorized):
            service.sign_in(organisation.id, "lan@hoc.example.vn", "a wrong password", address="192.0.2.7")
    for mark in ("", others, "x", own[:-1], f"x{own}", "ế.ế"):
        with pytest.raises(TooManyRequests):
            signed_in(service, organisation, address="192.0.2.7", browser=mark)
    assert signed_in(service, organisation, address="192.0.2.7", browser=own).browser == own


def test_unknown_names_are_counted_as_known_ones_are(service, organisation):
    for place in (organisation.id, "nowhere"):
        outcomes = []
        for _ in range(FAILURES_OF_NAME + 1):
            with pytest.raises((Unauthorized, TooManyRequests)) as refused:
                service.sign_in(place, "nobody@hoc.example.vn", PASSWORD)
            outcomes.append(refused.type)
        assert outcomes == [Unauthorized] * FAILURES_OF_NAME + [TooManyRequests]


def test_wrong_codes_are_counted_by_their_address(service):
    for _ in range(10):
        with pytest.raises(BadRequest):
            service.accept("no such code", PASSWORD, address="192.0.2.200")
    with pytest.raises((BadRequest, TooManyRequests)):
        service.accept("no such code", PASSWORD, address="192.0.2.200")
    with pytest.raises(TooManyRequests):
        service.accept("no such code", PASSWORD, address="192.0.2.200")
    with pytest.raises(BadRequest):
        service.accept("no such code", PASSWORD, address="192.0.2.201")


def test_an_outdated_hash_is_made_anew_at_the_next_sign_in(store, service, people, organisation, member):
    who = member()
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD.encode())
    store.members.rehash(who, weak)
    token = signed_in(service, organisation).token
    kept = people.get(organisation.org, who.id).password
    assert kept != weak
    assert not Passwords().is_outdated(kept)
    assert Passwords().verify(kept, PASSWORD)
    assert service.caller(token)


def test_a_password_that_was_changed_meanwhile_is_not_replaced_by_the_old_one(store, people, organisation, member):
    who = member()
    store.members.rehash(replace(who, password="another"), "the old one, hashed anew")
    assert people.get(organisation.org, who.id).password == who.password


def test_the_audit_tells_who_came_and_who_was_refused_by_ids_only(store, service, organisation, member):
    who = member()
    made = signed_in(service, organisation)
    for email in (who.email, "nobody@hoc.example.vn"):
        with pytest.raises(Unauthorized):
            service.sign_in(organisation.id, email, "a wrong password")
    with pytest.raises(Unauthorized):
        service.sign_in("nowhere", who.email, "a wrong password")
    service.sign_out(made.token)
    rows = list(store.database["audit"].find({"org": organisation.org}).sort("seq", 1))[-3:]
    told = [(row["actor"], row["action"], row["target"], dict(row["details"])) for row in rows]
    assert told == [
        (f"member:{who.id}", "signin.succeeded", who.id, {"method": "password"}),
        ("anonymous", "signin.failed", who.id, {}),
        (f"member:{who.id}", "session.ended", who.id, {}),
    ]
    assert not store.database["audit"].count_documents({"org": b"the host"})
    kept = repr(list(store.database["audit"].find()))
    assert not [word for word in ("hoc.example.vn", "nowhere", "Lan") if word in kept]


def test_of_many_refusals_the_audit_tells_once_a_minute(store, process, organisation, member, later):
    who = member()

    def told():
        return store.database["audit"].count_documents({"org": organisation.org, "action": "signin.failed"})

    later(MINUTE - clocks.now() % MINUTE)
    for number, service in enumerate([process(), process()] * 3):
        with pytest.raises(Unauthorized):
            service.sign_in(organisation.id, who.email, "a wrong password", address=f"192.0.2.{number}")
    assert told() == 1
    later(MINUTE)
    with pytest.raises(Unauthorized):
        process().sign_in(organisation.id, who.email, "a wrong password")
    assert told() == 2


ANOTHER = "another long password"


def test_a_password_is_changed_with_the_one_that_holds_and_every_other_session_ends(
    service, process, store, organisation, member
):
    who = member()
    before, other = signed_in(service, organisation), signed_in(service, organisation)
    begun = service.change_password(before.token, PASSWORD, ANOTHER)
    assert process().caller(begun.token).credential == f"member:{who.id}"
    for ended in (before, other):
        with pytest.raises(Unauthorized):
            process().caller(ended.token)
    with pytest.raises(Unauthorized):
        signed_in(service, organisation)
    assert service.sign_in(organisation.id, who.email, ANOTHER).member.id == who.id
    rows = store.database["audit"].find({"org": organisation.org, "action": "member.password_changed"})
    assert [(row["actor"], row["target"], dict(row["details"])) for row in rows] == [(f"member:{who.id}", who.id, {})]


@pytest.mark.parametrize(
    ("current", "password", "path"),
    [
        ("a wrong password", ANOTHER, "current"),
        ("", ANOTHER, "current"),
        (PASSWORD, "short", "password"),
        (PASSWORD, "lan@hoc.example.vn", "password"),
    ],
)
def test_a_password_that_is_not_to_be_changed_stays(service, process, organisation, member, current, password, path):
    member()
    token = signed_in(service, organisation).token
    with pytest.raises(Refused) as refused:
        service.change_password(token, current, password)
    assert [fault.path for fault in refused.value.faults] == [path]
    assert process().caller(token)
    assert signed_in(service, organisation)


def test_whoever_has_a_session_guesses_the_password_no_better_than_others(service, organisation, member):
    member()
    token = signed_in(service, organisation).token
    for _ in range(FAILURES_OF_NAME):
        with pytest.raises(Refused):
            service.change_password(token, "a wrong password", ANOTHER, address="192.0.2.1")
    for current in ("a wrong password", PASSWORD):
        with pytest.raises(TooManyRequests):
            service.change_password(token, current, ANOTHER, address="192.0.2.1")


def test_a_password_that_was_set_anew_meanwhile_is_not_replaced(people, organisation, member):
    who = member()
    people.accept(people.invite_again(organisation.org, who.id, "cli").code, ANOTHER)
    with pytest.raises(Conflict):
        people.set_password(who, "the password of a thief")
    assert Passwords().verify(people.get(organisation.org, who.id).password, ANOTHER)


def test_a_person_signs_out_everywhere_and_nobody_else_does(service, process, store, organisation, member):
    who = member()
    member("auditor", "minh@hoc.example.vn")
    tokens = [signed_in(service, organisation).token for _ in range(3)]
    stays = signed_in(service, organisation, "minh@hoc.example.vn").token
    service.sign_out_everywhere(tokens[0])
    for token in tokens:
        with pytest.raises(Unauthorized):
            process().caller(token)
    with pytest.raises(Unauthorized):
        service.caller(tokens[0])
    assert process().caller(stays)
    assert process().caller(signed_in(service, organisation).token)
    ended = store.database["audit"].find_one({"org": organisation.org, "action": "session.ended"})
    assert (ended["actor"], ended["target"], ended["details"]) == (f"member:{who.id}", who.id, {"everywhere": True})
