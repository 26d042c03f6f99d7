import contextlib
import secrets
import threading
import uuid
from dataclasses import replace

import pytest

from lrs.errors import BadRequest, Conflict, NotFound, Unavailable
from lrs.services import clocks
from lrs.services.audit import sealed_with
from lrs.services.passwords import Passwords
from lrs.services.people import LIFETIME, People, folded
from lrs.store import open_store
from lrs.store.organisations import Organisation
from schemas.faults import Refused

PEPPER = "a pepper for tests, of 32 characters or more"
PASSWORD = "một mật khẩu đủ dài"
EMAIL = "lan.pham@hoc.example.vn"
NAME = "Phạm Thị Lan"


@pytest.fixture(scope="module")
def store(mongod):
    """One database for all: every test has an organisation of its own."""
    name = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as opened:
        opened.migrate()
        yield opened
        opened.client.drop_database(name)


@pytest.fixture
def people(store):
    return People(store, PEPPER, Passwords())


@pytest.fixture
def organisation(store):
    def make():
        made = Organisation(f"o{secrets.token_hex(6)}", secrets.token_bytes(8), "Trường thử")
        store.organisations.insert(made)
        return made.org

    return make


@pytest.fixture
def org(organisation):
    return organisation()


@pytest.fixture
def owner(people, org):
    """Make an owner who has set a password."""

    def make(email=EMAIL):
        return people.accept(people.invite(org, email, NAME, "owner", "cli").code, PASSWORD).id

    return make


def entries(store, org):
    rows = store.database["audit"].find({"org": org}).sort("seq", 1)
    return [(row["actor"], row["action"], row["target"], dict(row["details"])) for row in rows]


def at_once(*calls):
    """Call all at the same time; return what each returned or raised."""
    start, outcomes = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place, call):
        start.wait()
        try:
            outcomes[place] = call()
        except Exception as error:  # noqa: BLE001 - told, and judged by the test
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("Lan.Pham@HOC.example.vn", " lan.pham@hoc.example.vn ", True),
        ("mi\N{KELVIN SIGN}e@hoc.example.vn", "mike@hoc.example.vn", False),
        ("stra\N{LATIN SMALL LETTER SHARP S}e@hoc.example.vn", "strasse@hoc.example.vn", False),
    ],
)
def test_only_plain_letters_are_the_same_in_either_case(one, other, are_the_same):
    assert (folded(one) == folded(other)) is are_the_same


def test_an_invited_person_sets_a_password_with_the_code(people, org):
    invited = people.invite(org, " Lan.Pham@Hoc.Example.VN ", NAME, "analyst", "cli")
    before = people.get(org, invited.member_id)
    assert (before.email, before.name, before.role, before.joined, before.disabled) == (
        EMAIL,
        NAME,
        "analyst",
        False,
        False,
    )
    assert people.accept(invited.code, PASSWORD).id == invited.member_id
    after = people.get(org, invited.member_id)
    assert after.joined
    assert Passwords().verify(after.password, PASSWORD)


def test_a_code_is_good_once(people, org):
    code = people.invite(org, EMAIL, NAME, "owner", "cli").code
    people.accept(code, PASSWORD)
    with pytest.raises(BadRequest):
        people.accept(code, "another long password")


def test_of_two_who_accept_one_code_at_once_one_wins(people, org):
    invited = people.invite(org, EMAIL, NAME, "owner", "cli")
    words = [f"password of number {number}" for number in range(4)]
    outcomes = at_once(*(lambda word=word: people.accept(invited.code, word) for word in words))
    won = [word for word, outcome in zip(words, outcomes, strict=True) if not isinstance(outcome, Exception)]
    assert len(won) == 1
    assert all(isinstance(outcome, BadRequest) for outcome in outcomes if isinstance(outcome, Exception))
    assert Passwords().verify(people.get(org, invited.member_id).password, won[0])


def test_a_code_ends_after_seven_days(people, org, monkeypatch):
    invited = people.invite(org, EMAIL, NAME, "owner", "cli")
    monkeypatch.setattr("lrs.services.clocks.now", lambda: invited.expires)
    with pytest.raises(BadRequest):
        people.accept(invited.code, PASSWORD)
    monkeypatch.setattr("lrs.services.clocks.now", lambda: invited.expires - 1_000_000)
    people.accept(invited.code, PASSWORD)


def test_codes_expire_from_the_database_by_themselves(store, people, org):
    invited = people.invite(org, EMAIL, NAME, "owner", "cli")
    assert abs(invited.expires - clocks.now() - LIFETIME) < 60_000_000
    indexes = store.database["invitations"].index_information()
    assert indexes["expires"]["expireAfterSeconds"] == 0


def test_a_new_code_ends_the_one_before_and_leaves_the_password_until_it_is_used(people, org, owner):
    member = owner()
    first, second = people.invite_again(org, member, "cli"), people.invite_again(org, member, "cli")
    with pytest.raises(BadRequest):
        people.accept(first.code, "another long password")
    assert Passwords().verify(people.get(org, member).password, PASSWORD)
    people.accept(second.code, "another long password")
    assert Passwords().verify(people.get(org, member).password, "another long password")


def test_a_bad_password_leaves_the_code_open(people, org):
    code = people.invite(org, EMAIL, NAME, "owner", "cli").code
    for bad in ("too short", EMAIL.upper()):
        with pytest.raises(Refused):
            people.accept(code, bad)
    people.accept(code, PASSWORD)


def test_the_code_of_somebody_who_was_disabled_or_deleted_opens_nothing(people, org, owner):
    owner()
    disabled = people.invite(org, "minh@hoc.example.vn", NAME, "owner", "cli")
    deleted = people.invite(org, "hoa@hoc.example.vn", NAME, "owner", "cli")
    people.change(org, disabled.member_id, "cli", disabled=True)
    people.change(org, disabled.member_id, "cli", disabled=False)
    people.delete(org, deleted.member_id, "cli")
    for code in (disabled.code, deleted.code):
        with pytest.raises(BadRequest):
            people.accept(code, PASSWORD)


def test_who_is_disabled_gets_no_code(people, org, owner):
    owner()
    other = owner("minh@hoc.example.vn")
    people.change(org, other, "cli", disabled=True)
    with pytest.raises(Conflict):
        people.invite_again(org, other, "cli")


def test_an_email_is_one_members_in_an_organisation_and_free_in_another(people, org, organisation):
    people.invite(org, EMAIL, NAME, "owner", "cli")
    with pytest.raises(Conflict):
        people.invite(org, EMAIL.title(), "Other", "auditor", "cli")
    people.invite(organisation(), EMAIL, NAME, "owner", "cli")


def test_the_same_email_invited_twice_at_once_becomes_one_member(people, org):
    outcomes = at_once(*(lambda: people.invite(org, EMAIL, NAME, "owner", "cli") for _ in range(4)))
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
    assert len(people.list(org)) == 1


def test_nobody_reaches_members_of_another_organisation(people, organisation, owner):
    mine, theirs = owner(), organisation()
    owner("minh@hoc.example.vn")
    for call in (
        lambda: people.get(theirs, mine),
        lambda: people.change(theirs, mine, "cli", name="Ai"),
        lambda: people.delete(theirs, mine, "cli"),
        lambda: people.invite_again(theirs, mine, "cli"),
    ):
        with pytest.raises(NotFound):
            call()
    assert people.list(theirs) == []


@pytest.mark.parametrize(
    "change",
    [{"role": "operator"}, {"disabled": True}, None],
    ids=["demoted", "disabled", "deleted"],
)
def test_the_last_owner_stays(people, org, owner, change):
    only = owner()
    people.invite(org, "minh@hoc.example.vn", NAME, "operator", "cli")

    def leave():
        return people.delete(org, only, "cli") if change is None else people.change(org, only, "cli", **change)

    with pytest.raises(Conflict):
        leave()
    assert people.get(org, only).role == "owner"
    second = owner("hoa@hoc.example.vn")
    leave()
    assert [member.id for member in people.list(org) if member.role == "owner" and not member.disabled] == [second]


@pytest.mark.parametrize("way", ["demote", "disable", "delete", "mixed"])
def test_owners_who_remove_each_other_at_once_leave_one(people, org, owner, way):
    owners = [owner(f"owner{number}@hoc.example.vn") for number in range(3)]
    ways = {
        "demote": lambda member: people.change(org, member, "cli", role="analyst"),
        "disable": lambda member: people.change(org, member, "cli", disabled=True),
        "delete": lambda member: people.delete(org, member, "cli"),
    }
    chosen = list(ways.values()) if way == "mixed" else [ways[way]] * 3
    pairs = zip(chosen, owners, strict=True)
    outcomes = at_once(*(lambda call=call, member=member: call(member) for call, member in pairs))
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    left = [member for member in people.list(org) if member.role == "owner" and not member.disabled]
    assert len(left) == 1


def test_the_database_itself_lets_only_one_of_two_go_on_who_remove_each_other(store, people, org, owner):
    one, other = (people.get(org, owner(f"owner{number}@hoc.example.vn")) for number in range(2))
    with store.client.start_session() as first, store.client.start_session() as second:
        for session, member in ((first, one), (second, other)):
            session.start_transaction()
            store.members.change(org, member.id, {"role": "analyst"}, session=session)
        people._keep_an_owner(one, replace(one, role="analyst"), first)
        with pytest.raises(Unavailable):
            people._keep_an_owner(other, replace(other, role="analyst"), second)


def test_one_who_was_invited_and_never_came_keeps_no_organisation(people, org):
    wrong = people.invite(org, "lann@hoc.example.vn", NAME, "owner", "cli").member_id
    with pytest.raises(Conflict):
        people.delete(org, wrong, "cli")
    right = people.invite(org, EMAIL, NAME, "owner", "cli")
    people.delete(org, wrong, "cli")
    people.accept(right.code, PASSWORD)
    people.invite(org, "lann@hoc.example.vn", NAME, "owner", "cli")
    with pytest.raises(Conflict):
        people.change(org, right.member_id, "cli", role="auditor")


def test_members_are_listed_page_by_page(people, org):
    for number in range(5):
        people.invite(org, f"m{number}@hoc.example.vn", NAME, "analyst", "cli")
    first = people.list(org, most=3)
    rest = people.list(org, after=first[-1].id, most=3)
    assert len(first) == 3
    assert len(rest) == 2
    assert {member.email for member in first + rest} == {f"m{number}@hoc.example.vn" for number in range(5)}


def test_every_change_is_in_the_audit_and_no_person(store, people, org, owner):
    first = owner()
    second = people.invite(org, "minh@hoc.example.vn", "Trần Minh", "operator", f"member:{first}").member_id
    people.change(org, second, "key", role="owner", name="Trần Văn Minh")
    people.change(org, second, "key", role="owner")
    people.change(org, second, "key", disabled=True)
    people.change(org, second, "key", disabled=False)
    people.invite_again(org, second, "cli")
    people.delete(org, second, "cli")
    assert entries(store, org) == [
        ("cli", "member.invited", first, {"role": "owner"}),
        (f"member:{first}", "member.joined", first, {}),
        (f"member:{first}", "member.invited", second, {"role": "operator"}),
        ("key", "member.changed", second, {"fields": ["name", "role"], "was": "operator", "role": "owner"}),
        ("key", "member.disabled", second, {}),
        ("key", "member.enabled", second, {}),
        ("cli", "member.invited", second, {}),
        ("cli", "member.deleted", second, {}),
    ]
    kept = str(list(store.database["audit"].find({"org": org})))
    assert not [word for word in ("Lan", "Minh", "hoc.example.vn") if word in kept]


def test_what_is_refused_is_not_in_the_audit(store, people, org, owner):
    only = owner()
    before = entries(store, org)
    for call in (
        lambda: people.delete(org, only, "cli"),
        lambda: people.invite(org, EMAIL, NAME, "owner", "cli"),
        lambda: people.invite_again(org, "nobody", "cli"),
    ):
        with pytest.raises((Conflict, NotFound)):
            call()
    assert entries(store, org) == before


def test_no_code_and_no_password_is_stored(store, people, org):
    invited = people.invite(org, EMAIL, NAME, "owner", "cli")
    kept = repr([list(store.database[name].find()) for name in store.database.list_collection_names()])
    assert invited.code not in kept
    people.accept(invited.code, PASSWORD)
    kept = repr([list(store.database[name].find()) for name in store.database.list_collection_names()])
    assert PASSWORD not in kept
