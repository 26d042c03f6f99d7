"""What recipients are given is what the records are, whatever happens in between."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lrs.errors import Unavailable
from lrs.followers.feed import Follower
from lrs.followers.shares import shares_follower
from lrs.services.agreeing import AgreementService
from lrs.services.agreements import Agreements
from lrs.services.coverage import KnownCoverage
from lrs.services.departures import Departures
from lrs.services.folding import Folding
from lrs.services.learners import LearnerService, Wanted
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential
from lrs.services.share_terms import TermsOf
from lrs.store.organisations import Organisation
from lrs.store.rows import Row, document_id
from schemas.sharing.agreements import Filter
from schemas.sharing.consents import Consent, Standing
from schemas.sharing.rows import FIELDS
from schemas.training.terms import BASE
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import statement_keys

ZONE = "Asia/Ho_Chi_Minh"
ADL = "http://adlnet.gov/expapi/verbs"
PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
PURPOSE = {"code": "joint-course", "vi": "Lớp chung", "en": "A joint course"}


@pytest.fixture
def giver(store):
    first_credential(store, PEPPER, "key", "secret")
    return principal(store.organisations.find("first"))


@pytest.fixture
def taker(store):
    made = Organisation("tinh", b"tinh-org", "Tỉnh", "province", 1)
    store.organisations.insert(made)
    return principal(made)


def principal(organisation):
    scopes = frozenset({"share", "records/read", "imports/write"})
    return Principal(organisation.org, "a-key", scopes, b"{}", {}, organisation=organisation.id)


@pytest.fixture
def agreeing(store):
    return AgreementService(store, PEPPER, RegistryService(store, ZONE))


@pytest.fixture
def agreed(agreeing, giver, taker):
    """Make an agreement that is in force."""

    def make(**changes):
        wanted = {
            "giver": giver.organisation,
            "taker": taker.organisation,
            "partner": None,
            "purpose": PURPOSE,
            "basis": "contract",
            "level": "pseudonymous",
            "filter": Filter(),
            "fields": FIELDS,
            "statements": False,
            "minors": False,
            "k": 10,
            "starts": date(2025, 1, 1),
            "ends": None,
        }
        made = agreeing.propose(taker, wanted | changes)
        return agreeing.accept(giver, made.id, made.version)

    return make


class Said:
    """Consents by number; enough for a child where ``for_minor`` has them."""

    def __init__(self):
        self.given = set()
        self.for_minor = set()

    def standing(self, org, purpose, numbers, session=None):
        del org, purpose, session
        consent = Consent("", b"", "", True, "self", "paper", 0, 0, "")
        return {each: Standing(consent, each in self.for_minor) for each in numbers if each in self.given}


@pytest.fixture
def consents():
    return Said()


@pytest.fixture
def follow(store, giver, consents):
    """Fold everything that is stored, and share it."""
    folding = Folding(store, lambda code, _: f"{code}@2025-07-01", Vocabulary(), ZoneInfo(ZONE))
    records = Follower(store, "records", "worker", folding.fold)
    shares = shares_follower(store, "worker", PEPPER, ZONE, consents)

    def run():
        while records.forward(giver.org, 10**9):
            pass
        while shares.follow():
            pass

    run.records, run.shares, run.folding = records, shares, folding
    return run


@pytest.fixture
def put(store, giver):
    stamps = iter(range(1, 10**6))

    def insert(*statements):
        for statement in statements:
            refers = statement["object"]["id"] if statement["object"].get("objectType") == "StatementRef" else None
            row = Row(
                document_id(giver.org, statement["id"]),
                giver.org,
                next(stamps),
                json.dumps(statement).encode(),
                statement_keys(statement, person("authority")),
                refers=refers and document_id(giver.org, refers),
                voiding=statement["verb"]["id"].endswith("voided"),
            )
            store.statements.insert([row])

    return insert


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


def statement(verb="completed", who="an", activity="lop-1", *, band=None, month=8, **context):
    extensions = {f"{BASE}/extensions/age-band": band} if band else {}
    return {
        "id": str(uuid.uuid4()),
        "actor": person(who),
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": extensions} | context,
        "timestamp": datetime(2025, month, 15, tzinfo=UTC).isoformat(),
    }


def voiding(target):
    return {
        "id": str(uuid.uuid4()),
        "actor": person("operator"),
        "verb": {"id": f"{ADL}/voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


class Taker:
    """A recipient who goes on behind the last version that he saw, and deletes what is recalled."""

    def __init__(self, store, agreement):
        self._store, self._agreement, self.after = store, agreement.id, 0
        self.has, self.seen, self.recalled = {}, [], {}

    def read(self, most=3):
        while rows := self._store.shares.page(self._agreement, self.after, 2**62, most=most):
            for row in rows:
                content = json.loads(row.content)
                self.seen.append((row.id, row.version))
                if row.recall:
                    assert self.has.pop(content["id"], None) is not None, "recalled, and never had"
                    self.recalled[content["id"]] = content
                else:
                    self.has[content["id"]] = content
            self.after = rows[-1].version
        assert len(set(self.seen)) == len(self.seen)
        return self.has

    def activities(self):
        return sorted(each["activity"].removeprefix(f"{HOME}/") for each in self.read().values())

    def reasons(self):
        return sorted(each["recall"] for each in self.recalled.values())


def numbers(store, org, *names):
    found = store.learners.find(org, [f"account:{HOME} {each}" for each in names])
    return {found[f"account:{HOME} {each}"] for each in names}


def test_records_are_given_once_and_again_when_they_change(store, agreed, put, follow):
    put(statement(), statement(who="binh"))
    reader = Taker(store, agreed())
    follow()
    assert reader.activities() == ["lop-1", "lop-1"]
    put(statement("passed"), statement(activity="lop-2"))
    follow()
    assert sorted(each["state"] for each in reader.read().values()) == ["completed", "completed", "passed"]
    assert len(reader.seen) == 4


def test_nothing_is_given_that_nobody_has_agreed_on_and_nothing_is_noted(store, put, follow, giver):
    put(statement())
    follow()
    assert store.database["shares"].count_documents({}) == 0
    assert store.database["changes"].count_documents({}) == 0
    assert not store.changes.noted(giver.org)


def test_filters_hold(store, agreed, put, follow):
    reader = Taker(store, agreed(filter=Filter(verbs=("passed",), since=date(2025, 9, 1))))
    put(statement("passed", month=9), statement("passed", "binh"), statement("completed", "chi", month=9))
    follow()
    assert len(reader.read()) == 1
    put(statement("attended", month=7))
    follow()
    assert len(reader.read()) == 1


def test_only_the_fields_of_the_agreement_are_given(store, agreed, put, follow):
    reader = Taker(store, agreed(fields=("state",)))
    put(statement(registration=str(uuid.uuid4())))
    follow()
    assert [set(each) for each in reader.read().values()] == [{"id", "learner", "state"}]


def test_what_is_voided_is_recalled_and_comes_back_with_new_evidence(store, agreed, put, follow):
    reader = Taker(store, agreed())
    told = statement()
    put(told)
    follow()
    assert len(reader.read()) == 1
    put(voiding(told))
    follow()
    assert reader.read() == {}
    assert reader.reasons() == ["voided"]
    put(statement())
    follow()
    assert len(reader.read()) == 1


def test_two_agreements_call_the_same_person_two_names(store, agreed, put, follow):
    readers = [Taker(store, agreed()), Taker(store, agreed())]
    put(statement(), statement(activity="lop-2"))
    follow()
    names = [{each["learner"] for each in reader.read().values()} for reader in readers]
    assert [len(each) for each in names] == [1, 1]
    assert names[0] != names[1]
    assert readers[0].has.keys().isdisjoint(readers[1].has)


def test_a_rotation_gives_new_names_under_the_same_rows(store, agreed, agreeing, put, follow, giver):
    made = agreed()
    reader = Taker(store, made)
    put(*(statement(who=f"hv-{each}", activity=f"lop-{lesson}") for each in range(5) for lesson in range(2)))
    follow()
    before = dict(reader.read())
    agreeing.rotate(giver, made.id)
    follow()
    after = reader.read()
    assert after.keys() == before.keys()
    old, new = ({each["learner"] for each in rows.values()} for rows in (before, after))
    assert len(old) == len(new) == 5
    assert old.isdisjoint(new)


def test_who_is_joined_is_one_person_for_the_recipient(store, agreed, put, follow, giver):
    reader = Taker(store, agreed())
    put(statement(who="an"), statement(who="ann", activity="lop-2"), statement(who="ann"))
    follow()
    assert len({each["learner"] for each in reader.read().values()}) == 2
    known = LearnerService(store, follow.folding, PEPPER)
    known.link(giver, [Wanted("join", f"account:{HOME} an", "same-person", f"account:{HOME} ann")])
    follow()
    assert len({each["learner"] for each in reader.read().values()}) == 1
    assert reader.activities() == ["lop-1", "lop-2"]
    assert reader.reasons() == ["no-longer-covered", "no-longer-covered"]


def test_consent_is_needed_where_it_is_the_basis_and_withdrawing_recalls(store, agreed, put, follow, giver, consents):
    reader = Taker(store, agreed(basis="consent"))
    put(*(statement(who=f"hv-{each}") for each in range(10)), statement(who="hv-0", activity="lop-2"))
    follow()
    assert reader.read() == {}
    say(store, giver, consents, *(f"hv-{each}" for each in range(7)))
    follow()
    assert len(reader.read()) == 8
    withdrawn = {reader.has[each]["learner"] for each in reader.has if reader.has[each]["activity"].endswith("lop-2")}
    say(store, giver, consents, "hv-0", "hv-1", yes=False)
    follow()
    assert len(reader.read()) == 5
    assert reader.reasons() == ["withdrawn"] * 3
    assert withdrawn < {each["learner"] for each in reader.recalled.values()}


def say(store, giver, consents, *names, yes=True):
    found = numbers(store, giver.org, *names)

    def write(session):
        store.links.hold(giver.org, session)
        store.changes.note_people(giver.org, found, session, "no-longer-covered" if yes else "withdrawn")

    consents.given = consents.given | found if yes else consents.given - found
    store.transact(write)


def test_children_stay_where_they_are_unless_the_agreement_and_consents_say_otherwise(
    store, agreed, put, follow, giver, consents
):
    plain, children = Taker(store, agreed()), Taker(store, agreed(minors=True))
    put(statement(who="em", band="<16"), statement(who="an", band="16-24"), statement(who="em", activity="lop-2"))
    follow()
    assert plain.activities() == children.activities() == ["lop-1"]
    consents.for_minor = numbers(store, giver.org, "em")
    say(store, giver, consents, "em")
    follow()
    assert plain.activities() == ["lop-1"]
    assert children.activities() == ["lop-1", "lop-1", "lop-2"]


def test_whoever_turns_out_to_be_a_child_is_recalled_with_all_records_and_comes_back_grown_up(
    store, agreed, put, follow
):
    reader = Taker(store, agreed())
    put(statement(who="em"), statement(who="em", activity="lop-2"))
    follow()
    assert reader.activities() == ["lop-1", "lop-2"]
    school = statement(who="em", activity="lop-3", band="<16")
    put(school)
    follow()
    assert reader.activities() == []
    put(voiding(school))
    follow()
    assert reader.activities() == ["lop-1", "lop-2"]
    put(statement(who="em", activity="lop-4", band="<16"))
    follow()
    put(statement(who="em", activity="lop-5", band="16-24", month=12))
    follow()
    assert reader.activities() == ["lop-1", "lop-2", "lop-5"]


def test_whose_data_are_restricted_is_recalled(store, agreed, put, follow, giver):
    reader = Taker(store, agreed())
    put(statement(), statement(who="binh"))
    follow()
    assert len(reader.read()) == 2
    found = numbers(store, giver.org, "an")

    def write(session):
        store.links.hold(giver.org, session)
        store.learners.restrict(giver.org, found, session, restricted=True)
        store.changes.note_people(giver.org, found, session, "restricted")

    store.transact(write)
    follow()
    assert len(reader.read()) == 1
    assert reader.reasons() == ["restricted"]


def test_whose_statements_have_left_is_recalled_also_where_no_record_has(
    store, agreed, agreeing, put, follow, giver, consents
):
    made = agreed(basis="consent", statements=True, filter=Filter(states=("passed",)))
    reader = Taker(store, made)
    put(statement(), statement("passed", "binh"), statement(who="chi"))
    follow()
    say(store, giver, consents, "an", "binh")
    follow()
    assert len(reader.read()) == 1
    assert set(store.shares.people(made.id)) == numbers(store, giver.org, "an", "binh")
    say(store, giver, consents, "an", yes=False)
    follow()
    [row] = store.shares.page(made.id, reader.after, 2**62, most=9)
    told = json.loads(row.content)
    assert (row.recall, told["recall"], len(told["learner"])) == ("withdrawn", "withdrawn", 32)
    say(store, giver, consents, "an")
    follow()
    assert store.shares.page(made.id, reader.after, 2**62, most=9) == []
    agreeing.end(giver, made.id)
    follow()
    say(store, giver, consents, "an", "binh", yes=False)
    follow()
    rows = store.shares.page(made.id, reader.after, 2**62, most=9)
    assert sorted(json.loads(row.content)["recall"] for row in rows) == ["withdrawn"] * 3
    assert not store.changes.noted(giver.org)


def test_groups_and_nobody_in_particular_are_not_given(store, agreed, put, follow):
    reader = Taker(store, agreed())
    team = {"objectType": "Group", **person("to-5"), "member": [person("an")]}
    crowd = {"objectType": "Group", "member": [person("binh")]}
    put(statement() | {"actor": team}, statement(activity="lop-2") | {"actor": crowd})
    follow()
    assert reader.activities() == ["lop-1", "lop-2"]


def test_records_that_are_made_anew_are_not_given_again(store, agreed, put, follow, giver):
    reader = Taker(store, agreed())
    told = [statement(who=f"hv-{each}") for each in range(20)]
    put(*told)
    follow()
    reader.read()
    seen = len(reader.seen)
    name = follow.records.name(giver.org)
    store.places.take(name, "worker", lease=30)
    store.places.reset(name, "worker")
    while follow.shares.follow():
        pass
    assert len(reader.read()) == 20, "what is being made anew is waited for"
    store.records.clear(giver.org)
    store.places.cleaned(name, "worker")
    follow.records._known.clear()
    store.statements._rows.delete_one({"_id": document_id(giver.org, told[0]["id"])})
    while follow.shares.follow():
        pass
    assert len(reader.read()) == 20
    follow()
    assert len(reader.read()) == 19
    assert len(reader.seen) == seen + 1
    assert reader.reasons() == ["no-longer-covered"]


def test_a_suspended_agreement_goes_on_when_it_is_resumed(store, agreed, agreeing, put, follow, giver):
    made = agreed()
    reader = Taker(store, made)
    put(statement())
    follow()
    agreeing.suspend(giver, made.id)
    put(statement(who="binh"))
    follow()
    agreeing.resume(giver, made.id)
    put(statement(who="chi"))
    follow()
    assert len(reader.read()) == 3


def test_once_it_is_over_contents_are_gone_and_what_must_be_deleted_is_still_told(
    store, agreed, agreeing, put, follow, giver, consents
):
    made = agreed(basis="consent")
    reader = Taker(store, made)
    told = [statement(who=f"hv-{each}") for each in range(4)]
    put(*told)
    follow()
    say(store, giver, consents, *(f"hv-{each}" for each in range(4)))
    follow()
    assert len(reader.read()) == 4
    agreeing.end(giver, made.id)
    put(statement(who="hv-0", activity="lop-2"))
    follow()
    assert store.database["shares"].count_documents({"content": {"$exists": True}}) == 0
    assert len(reader.read()) == 4
    names = {each["learner"] for each in reader.has.values()}
    put(voiding(told[1]))
    say(store, giver, consents, "hv-2", yes=False)
    follow()
    reader.read()
    assert reader.reasons() == ["voided", "withdrawn"]
    assert {each["learner"] for each in reader.recalled.values() if "learner" in each} < names
    assert store.changes.noted(giver.org)
    put(voiding(told[0]), voiding(told[3]))
    follow()
    assert reader.read() == {}
    assert not store.changes.noted(giver.org), "nobody waits for anything any more"


def test_what_was_noted_is_forgotten_when_everybody_has_seen_it(store, agreed, put, follow):
    agreed()
    agreed()
    follow()
    put(*(statement(who=f"hv-{each}") for each in range(5)))
    follow()
    follow.shares.follow()
    assert store.database["changes"].count_documents({}) == 0


def test_what_is_killed_between_two_transactions_is_gone_on_with(store, agreed, put, follow, giver, consents):
    reader = Taker(store, agreed())
    put(*(statement(who=f"hv-{each}") for each in range(30)))
    while follow.records.forward(giver.org, 10**9):
        pass
    for turn in range(40):
        # Each time another worker, who does a little and dies with what it holds.
        dying = shares_follower(store, f"worker-{turn}", PEPPER, ZONE, consents)
        for made in store.agreements.accepted():
            dying._sharing.bring(made, most=2)
        reader.read()
    assert len(reader.has) == 30
    assert len(reader.seen) == 30


def test_it_says_to_have_come_no_farther_than_it_has(store, agreed, put, follow, giver):
    made = agreed()
    follow()
    for each in (statement(), statement("passed"), statement("failed"), statement(who="binh")):
        put(each)
        while follow.records.forward(giver.org, 10**9):
            pass
    before = store.shares.run(made.id).through
    follow.shares._sharing.bring(made, most=2)
    assert store.changes.any_after(giver.org, store.shares.run(made.id).at)
    assert store.shares.run(made.id).through == before
    follow()
    assert store.shares.run(made.id).through > before


def test_a_number_never_comes_again_also_after_a_restore(store, agreed, put, follow):
    reader = Taker(store, agreed())
    put(statement())
    follow()
    reader.read()
    backup = list(store.database["sharing"].find())
    put(statement(who="binh"))
    follow()
    reader.read()
    store.database["shares"].delete_many({"version": {"$gt": backup[0]["version"]}})
    kept = {name: backup[0][name] for name in ("version", "live")}
    store.database["sharing"].update_one({"_id": backup[0]["_id"]}, {"$set": kept})
    put(statement("passed", "binh"), statement(who="chi"))
    follow()
    assert sorted(each["state"] for each in reader.read().values()) == ["completed", "completed", "passed"]


def test_of_two_workers_at_a_time_one_does_nothing(store, agreed, put, follow, giver, consents, monkeypatch):
    made = agreed()
    put(*(statement(who=f"hv-{each}") for each in range(10)))
    while follow.records.forward(giver.org, 10**9):
        pass
    one, other = (shares_follower(store, name, PEPPER, ZONE, consents)._sharing for name in ("one", "other"))
    one.bring(made, most=2)
    known = store.shares.run(made.id)
    one.bring(made, most=2)
    monkeypatch.setattr(store.shares, "run", lambda _: known)
    with pytest.raises(Unavailable):
        other.bring(made, most=2)
    monkeypatch.undo()
    follow()
    assert len(Taker(store, made).read()) == 10


def test_an_agreement_that_has_not_begun_gives_nothing(store, agreed, put, follow):
    made = agreed(starts=datetime.now(UTC).date() + timedelta(days=3))
    put(statement())
    follow()
    assert store.shares.run(made.id) is None


def test_figures_have_no_rows(store, agreed, put, follow):
    made = agreed(level="figures", fields=())
    put(statement())
    follow()
    assert store.shares.run(made.id) is None


def erase(store, org, found):
    def write(session):
        store.links.hold(org, session)
        store.changes.note_people(org, found, session, "erased")
        store.removals.forget_records(org, found, session)
        store.removals.forget_learners(org, found, session)

    store.transact(write)


@pytest.fixture
def terms(store):
    registries = RegistryService(store, ZONE)
    return TermsOf(Agreements(store, PEPPER, registries), registries, ZONE)


@pytest.fixture
def name_of(store, terms, giver):
    """Return what somebody is called by an agreement now."""

    def name(agreement, who):
        [number] = numbers(store, giver.org, who)
        return terms.of(store.agreements.get(agreement.id)).pseudonyms.learner(number)

    return name


@pytest.fixture
def leaving(store, terms, giver, consents):
    """Return the texts of all statements that leave by an agreement now."""
    departures = Departures(store, PEPPER, terms, KnownCoverage(store, consents))

    def texts(agreement):
        batch = store.statements.after(giver.org, 0, through=10**9, most=99)
        return [each.text.decode() for each in departures.parcels(agreement, batch, {})]

    return texts


def rows_of(store, agreement, after=0):
    rows = store.shares.page(agreement.id, after, 2**62, most=99)
    return [json.loads(row.content) | {"version": row.version} for row in rows if row.content is not None]


def names_recalled(store, agreement):
    return {name for each in rows_of(store, agreement) if "recall" in each for name in each.get("learners", ())}


@pytest.mark.parametrize("over", [False, True])
def test_whoever_is_joined_is_recalled_by_the_name_that_is_no_more(
    store, agreed, agreeing, put, follow, giver, name_of, over
):
    made = agreed(statements=True)
    put(statement(who="an"), statement(who="ann", activity="lop-2"))
    follow()
    names = {name_of(made, who) for who in ("an", "ann")}
    if over:
        agreeing.end(giver, made.id)
        follow()
    known = LearnerService(store, follow.folding, PEPPER)
    known.link(giver, [Wanted("join", f"account:{HOME} an", "same-person", f"account:{HOME} ann")])
    follow()
    assert names_recalled(store, made) == names - {name_of(made, "an")}
    assert over or name_of(made, "an") in {each["learner"] for each in rows_of(store, made) if "recall" not in each}
    erase(store, giver.org, numbers(store, giver.org, "an"))
    follow()
    assert names_recalled(store, made) == names
    assert not store.shares.people(made.id)


def test_of_whom_another_one_is_split_off_all_is_recalled_and_comes_again(
    store, agreed, put, follow, giver, name_of, leaving
):
    made = agreed(statements=True)
    put(statement(who="an"), statement(who="ann", activity="lop-2"), statement(who="binh"))
    known = LearnerService(store, follow.folding, PEPPER)
    known.link(giver, [Wanted("join", f"account:{HOME} an", "same-person", f"account:{HOME} ann")])
    follow()
    name = name_of(made, "an")
    reader = Taker(store, made)
    assert reader.activities() == ["lop-1", "lop-1", "lop-2"]
    known.link(giver, [Wanted("split", f"account:{HOME} ann", "mistake")])
    follow()
    names = {name_of(made, who) for who in ("an", "ann")}
    [recall] = [each for each in rows_of(store, made, reader.after) if name in each.get("learners", ())]
    again = [each for each in rows_of(store, made, reader.after) if "recall" not in each]
    assert (name in names, recall["recall"]) == (True, "no-longer-covered")
    assert {each["learner"] for each in again} == names
    assert recall["version"] < min(each["version"] for each in again)
    assert len(leaving(made)) == 3
    erase(store, giver.org, numbers(store, giver.org, "an", "ann"))
    follow()
    assert names_recalled(store, made) == names


@pytest.mark.parametrize("level", ["pseudonymous", "named"])
def test_nothing_leaves_of_people_without_records_whom_a_statement_tells_of(
    store, agreed, put, follow, giver, consents, leaving, level
):
    fields = ("activity", "identities") if level == "named" else FIELDS
    made = agreed(statements=True, level=level, fields=fields, basis="consent")
    mentored = statement(who="an") | {"object": {"objectType": "Agent", **person("binh")}}
    mentored["verb"] = {"id": "http://id.tincanapi.com/verb/mentored"}
    put(statement(who="an", instructor=person("co")), mentored)
    store.learners.numbers(giver.org, [f"account:{HOME} {each}" for each in ("an", "binh", "co")])
    say(store, giver, consents, "an", "binh", "co")
    follow()
    [text] = leaving(made)
    assert "lop-1" in text
    assert '"co"' not in text


def test_whose_record_was_voided_and_who_is_still_told_of_is_recalled(store, agreed, put, follow, giver, name_of):
    made = agreed(statements=True)
    own = statement(who="binh")
    put(statement(who="an"), own)
    follow()
    name = name_of(made, "binh")
    put(voiding(own))
    follow()
    assert name not in names_recalled(store, made)
    erase(store, giver.org, numbers(store, giver.org, "binh"))
    follow()
    assert name in names_recalled(store, made)


def test_who_is_not_told_by_identities_is_not_in_named_statements(store, agreed, put, follow, giver, leaving):
    named = {"level": "named", "fields": ("activity", "identities"), "statements": True}
    made = agreed(**named, filter=Filter(states=("passed",)))
    put(statement(who="an"), statement("passed", "binh"))
    follow()
    assert set(store.shares.people(made.id)) == numbers(store, giver.org, "binh")
    assert all('"an"' not in each for each in leaving(made))


def test_a_recall_tells_all_names_that_somebody_ever_had(store, agreed, agreeing, put, follow, giver, name_of):
    made = agreed(statements=True)
    put(statement(who="an"), statement(who="binh"))
    follow()
    names = [name_of(made, "an")]
    for _ in range(2):
        agreeing.rotate(giver, made.id)
        follow()
        names.insert(0, name_of(made, "an"))
    erase(store, giver.org, numbers(store, giver.org, "an"))
    follow()
    recalls = [each for each in rows_of(store, made) if "recall" in each]
    assert [each["learners"] for each in recalls] == [names, names]
    assert {each["learner"] for each in recalls} == {names[0]}


def test_an_agreement_that_has_not_begun_holds_nothing_back_that_was_noted(store, agreed, put, follow, giver):
    agreed(starts=datetime.now(UTC).date() + timedelta(days=3))
    put(statement())
    follow()
    follow.shares.follow()
    assert store.changes.noted(giver.org)
    assert store.database["changes"].count_documents({}) == 0
    reader = Taker(store, agreed())
    put(statement(who="binh"))
    follow()
    assert len(reader.read()) == 2
    follow.shares.follow()
    assert store.database["changes"].count_documents({}) == 0


def test_the_last_error_is_kept_by_its_kind_until_something_is_done(store, agreed, put, follow):
    made = agreed()
    put(statement())
    follow()
    put(statement(who="binh"))
    right = store.agreements.get(made.id).keys
    store.database["agreements"].update_one({"_id": made.id}, {"$set": {"keys.1.1": b"damaged"}})
    follow.shares._terms._made.clear()
    follow()
    run = store.shares.run(made.id)
    assert run.error
    assert abs(run.failed / 1_000_000 - datetime.now(UTC).timestamp()) < 60
    store.database["agreements"].update_one({"_id": made.id}, {"$set": {"keys.1.1": right[1].sealed}})
    follow.shares._paused.clear()
    follow()
    assert (store.shares.run(made.id).error, len(Taker(store, made).read())) == ("", 2)


def test_what_is_done_is_not_looked_at_any_more(store, agreed, agreeing, follow, giver):
    made = agreed()
    follow()
    assert made.id in store.shares.runs()
    agreeing.end(giver, made.id)
    follow()
    assert store.shares.run(made.id).done
    assert store.shares.runs() == {}
