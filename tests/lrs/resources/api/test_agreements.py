"""Agreements over HTTP: who proposes, who accepts, how they end, and what both audits say of it."""

import base64
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lrs.errors import Forbidden, NotFound
from lrs.resources.api.agreement_words import LANGUAGES, WORDS
from lrs.services.agreements import Agreements
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.verification import Verifier
from schemas.api.agreements import FIELDS
from schemas.sharing.agreements import AGREEMENT_STATES, BASES, LEVELS, Filter
from schemas.training.records import STATE_OF_VERB, STATES
from schemas.training.terms import GROUPS

PEPPER = "a pepper for tests, of 32 characters or more"
PURPOSE = {"code": "joint-course", "vi": "Lớp học <chung>", "en": "A joint course"}
ZONE = "Asia/Ho_Chi_Minh"
UNKNOWN = "0123456789abcdef"


@pytest.fixture
def sides(caller):
    """Make two organisations that may share, the giver and the taker."""
    return caller(scopes=("share",)), caller(scopes=("share",))


def own(client, shared_store):
    key = base64.b64decode(client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Basic ")).decode().partition(":")[0]
    return shared_store.organisations.of(shared_store.credentials.find(key).org)


@pytest.fixture
def wanted(shared_store):
    def make(giver, taker, /, **changes):
        usual = {
            "giver": own(giver, shared_store).id,
            "taker": taker and own(taker, shared_store).id,
            "purpose": PURPOSE,
            "basis": "contract",
            "level": "pseudonymous",
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    return make


@pytest.fixture
def agreed(sides, wanted):
    """Make an agreement that is in force."""

    def make(**changes):
        giver, taker = sides
        made = taker.post("/api/agreements", json=wanted(giver, taker, **changes))
        assert made.status_code == 201, made.json
        accepted = giver.post(f"/api/agreements/{made.json['id']}/accept", headers={"If-Match": made.headers["ETag"]})
        assert accepted.status_code == 200, accepted.json
        return accepted.json

    return make


@pytest.fixture
def door(shared_store):
    return Agreements(shared_store, PEPPER, RegistryService(shared_store, ZONE))


@pytest.fixture
def reader(sides, shared_store):
    return principal(sides[1], shared_store)


def principal(client, shared_store, *scopes):
    held = own(client, shared_store)
    return Principal(held.org, "a-key", frozenset(scopes or ("share",)), b"{}", {}, organisation=held.id)


def entries(shared_store, client, action=None):
    found = shared_store.database["audit"].find({"org": own(client, shared_store).org}).sort("seq", 1)
    return [(each["action"], each["actor"], each["details"]) for each in found if action in (None, each["action"])]


@pytest.mark.parametrize("first", [0, 1])
def test_one_side_proposes_and_only_the_other_one_accepts(sides, wanted, first):
    proposer, other = sides[first], sides[1 - first]
    made = proposer.post("/api/agreements", json=wanted(*sides))
    assert made.status_code == 201
    path = f"/api/agreements/{made.json['id']}"
    assert made.json["state"] == "proposed"
    assert re.fullmatch("[0-9a-f]{16}", made.json["id"])
    assert other.get(path).json == proposer.get(path).json == made.json
    headers = {"If-Match": made.headers["ETag"]}
    assert proposer.post(f"{path}/accept", headers=headers).status_code == 403
    accepted = other.post(f"{path}/accept", headers=headers)
    assert accepted.json | {"changed": ""} == made.json | {
        "state": "active",
        "accepted_by": accepted.json["accepted_by"],
        "version": 2,
        "changed": "",
    }
    assert accepted.json["accepted_by"] != made.json["proposed_by"]
    assert other.post(f"{path}/accept", headers={"If-Match": accepted.headers["ETag"]}).status_code == 409


def test_what_is_accepted_is_what_was_read(sides, wanted):
    giver, taker = sides
    made = taker.post("/api/agreements", json=wanted(giver, taker))
    path = f"/api/agreements/{made.json['id']}"
    read = {"If-Match": giver.get(path).headers["ETag"]}
    changed = taker.patch(path, json={"level": "named"}, headers=read)
    assert changed.json["level"] == "named"
    assert giver.post(f"{path}/accept", headers=read).status_code == 412
    assert giver.get(path).json["state"] == "proposed"
    assert giver.post(f"{path}/accept").status_code == 400
    assert giver.patch(path, json={"k": 20}).status_code == 400
    assert giver.patch(path, json={"k": 20}, headers=read).status_code == 412
    assert giver.patch(path, json={"k": 20}, headers={"If-Match": '"nonsense"'}).status_code == 412


def test_another_level_has_the_fields_that_are_usual_with_it(sides, wanted):
    made = sides[0].post("/api/agreements", json=wanted(*sides, fields=["state"]))
    path, tag = f"/api/agreements/{made.json['id']}", made.headers["ETag"]
    for level, named in (("figures", None), ("named", True), ("pseudonymous", False)):
        changed = sides[0].patch(path, json={"level": level}, headers={"If-Match": tag})
        tag = changed.headers["ETag"]
        assert ("identities" in changed.json["fields"] if changed.json["fields"] else None) is named
    changed = sides[0].patch(path, json={"level": "named", "fields": ["state"]}, headers={"If-Match": tag})
    assert changed.json["fields"] == ["state"]


def test_whoever_names_other_terms_waits_for_the_other_side(sides, wanted):
    giver, taker = sides
    made = taker.post("/api/agreements", json=wanted(giver, taker))
    path = f"/api/agreements/{made.json['id']}"
    counter = giver.patch(path, json={"k": 30, "ends": "2999-12-31"}, headers={"If-Match": made.headers["ETag"]})
    assert (counter.json["k"], counter.json["ends"], counter.json["proposed_by"]) == (
        30,
        "2999-12-31",
        counter.json["giver"],
    )
    headers = {"If-Match": counter.headers["ETag"]}
    assert giver.post(f"{path}/accept", headers=headers).status_code == 403
    accepted = taker.post(f"{path}/accept", headers=headers)
    assert accepted.json["state"] == "active"
    assert taker.patch(path, json={"k": 3}, headers={"If-Match": accepted.headers["ETag"]}).status_code == 409


def test_what_is_not_said_is_as_usual(sides, wanted):
    giver, taker = sides
    made = giver.post("/api/agreements", json=wanted(giver, taker)).json
    assert (made["k"], made["minors"], made["statements"], made["ends"]) == (10, False, False, None)
    assert "identities" not in made["fields"]
    assert {"state", "activity", "score"} <= set(made["fields"])
    named = giver.post("/api/agreements", json=wanted(giver, taker, level="named")).json
    assert "identities" in named["fields"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"basis": "because"}, "basis"),
        ({"purpose": PURPOSE | {"code": "Lớp học"}}, "purpose.code"),
        ({"purpose": PURPOSE | {"vi": "a\nb"}}, "purpose.vi"),
        ({"level": "figures", "statements": True}, "statements"),
        ({"level": "figures", "fields": ["state"]}, "fields"),
        ({"level": "figures", "filter": {"states": ["passed"]}}, "filter.states"),
        ({"level": "figures", "filter": {"from": "2026-01-02"}}, "filter.from"),
        ({"level": "figures", "filter": {"to": "2026-01-30"}}, "filter.to"),
        ({"fields": ["identities"]}, "fields"),
        ({"fields": ["password"]}, "fields[0]"),
        ({"level": "named", "statements": True, "fields": ["state"]}, "fields"),
        ({"starts": "2026-02-01", "ends": "2026-01-31"}, "ends"),
        ({"filter": {"units": ["99999"]}}, "filter.units[0]"),
        ({"filter": {"groups": ["rich"]}}, "filter.groups[0]"),
        ({"filter": {"verbs": ["did things"]}}, "filter.verbs[0]"),
        ({"filter": {"from": "2026-02-01", "to": "2026-01-31"}}, "filter.to"),
        ({"filter": {"anything": 1}}, "filter.*"),
        ({"k": 2}, "k"),
        ({"taker": "nobody-here"}, "taker"),
        ({"partner": {"name": "Viện", "document": "1"}}, "taker"),
    ],
)
def test_terms_that_cannot_be_are_refused(sides, wanted, changes, path):
    refused = sides[0].post("/api/agreements", json=wanted(*sides, **changes))
    assert refused.status_code == 400
    assert refused.json["errors"][0]["path"] == path


def test_nobody_proposes_for_others_or_to_itself(sides, wanted, caller):
    assert caller(scopes=("share",)).post("/api/agreements", json=wanted(*sides)).status_code == 403
    assert sides[0].post("/api/agreements", json=wanted(sides[0], sides[0])).status_code == 400
    for scopes in (("all",), ("records/read",), ("credentials", "audit/read")):
        assert caller(scopes=scopes).post("/api/agreements", json=wanted(*sides)).status_code == 403


def test_strangers_do_not_learn_that_there_is_an_agreement(agreed, caller):
    made, stranger = agreed(), caller(scopes=("share", "records/read"))
    for method, path in (
        ("get", ""),
        ("get", "/statement"),
        ("patch", ""),
        *(("post", f"/{each}") for each in ("accept", "suspend", "resume", "end", "rotate")),
    ):
        more = {"json": {}} if method == "patch" else {}
        answers = [
            getattr(stranger, method)(f"/api/agreements/{each}{path}", headers={"If-Match": '"2"'}, **more)
            for each in (made["id"], UNKNOWN)
        ]
        assert [each.status_code for each in answers] == [404, 404], (method, path)
        assert answers[0].json == answers[1].json
    assert stranger.get("/api/agreements").json == {"agreements": [], "more": None}


def test_both_sides_list_theirs_page_by_page(sides, agreed):
    made = sorted(agreed()["id"] for _ in range(3))
    for side in sides:
        page = side.get("/api/agreements?limit=2").json
        assert [each["id"] for each in page["agreements"]] == made[:2]
        rest = side.get(f"/api/agreements?limit=2&after={page['more']}").json
        assert [each["id"] for each in rest["agreements"]] == made[2:]
        assert rest["more"] is None


@pytest.mark.parametrize("who", [0, 1])
def test_either_side_suspends_at_once_and_only_that_one_resumes(sides, agreed, door, shared_store, who):
    made, one, other = agreed(), sides[who], sides[1 - who]
    path, taker = f"/api/agreements/{made['id']}", principal(sides[1], shared_store)
    assert door.open(taker, made["id"]).id == made["id"]
    suspended = one.post(f"{path}/suspend").json
    assert (suspended["state"], len(suspended["suspended_by"])) == ("suspended", 1)
    with pytest.raises(Forbidden):
        door.open(taker, made["id"])
    assert one.post(f"{path}/suspend").json == suspended
    assert other.post(f"{path}/resume").status_code == 403
    assert len(other.post(f"{path}/suspend").json["suspended_by"]) == 2
    assert one.post(f"{path}/resume").json["state"] == "suspended"
    assert other.post(f"{path}/resume").json["state"] == "active"
    assert door.open(taker, made["id"]).id == made["id"]


@pytest.mark.parametrize("who", [0, 1])
def test_either_side_ends_it_at_once_and_for_good(sides, agreed, door, shared_store, who):
    made = agreed()
    path = f"/api/agreements/{made['id']}"
    ended = sides[who].post(f"{path}/end").json
    assert ended["state"] == "ended"
    with pytest.raises(Forbidden, match="ended"):
        door.open(principal(sides[1], shared_store), made["id"])
    assert sides[1 - who].post(f"{path}/end").json == ended
    for act in ("resume", "suspend", "rotate"):
        assert sides[0].post(f"{path}/{act}").status_code == 409
    assert door.had(principal(sides[1], shared_store), made["id"]).state == "ended"


def test_a_refused_read_is_in_the_audit_of_who_gives(sides, agreed, door, shared_store, caller):
    giver, taker = sides
    made = agreed()
    giver.post(f"/api/agreements/{made['id']}/suspend")
    with pytest.raises(Forbidden):
        door.open(principal(taker, shared_store), made["id"])
    with pytest.raises(NotFound):
        door.open(principal(stranger := caller(), shared_store), made["id"])
    by = [own(each, shared_store).id for each in (taker, stranger)]
    assert entries(shared_store, giver, "share.refused") == [
        ("share.refused", f"organisation:{by[0]}", {"by": by[0], "purpose": "joint-course", "reason": "suspended"}),
        ("share.refused", f"organisation:{by[1]}", {"by": by[1], "purpose": "joint-course", "reason": "stranger"}),
    ]


@pytest.mark.parametrize(
    ("level", "asked", "statements", "opens"),
    [
        ("figures", "figures", False, True),
        ("figures", "pseudonymous", False, False),
        ("pseudonymous", "figures", False, True),
        ("pseudonymous", "named", False, False),
        ("pseudonymous", "pseudonymous", True, False),
        ("named", "pseudonymous", False, True),
    ],
)
def test_nothing_opens_that_is_deeper_than_what_was_agreed(
    sides, agreed, door, shared_store, level, asked, statements, opens
):
    made, taker = agreed(level=level), principal(sides[1], shared_store)
    if opens:
        assert door.open(taker, made["id"], asked, statements=statements).level == level
    else:
        with pytest.raises(Forbidden):
            door.open(taker, made["id"], asked, statements=statements)


def test_it_gives_from_its_first_day_to_its_last(sides, agreed, door, shared_store):
    today = datetime.now(ZoneInfo(ZONE)).date()
    for starts, ends, opens in ((2, 3, False), (-3, 3, True)):
        made = agreed(starts=str(today + timedelta(starts)), ends=str(today + timedelta(ends)))
        taker = principal(sides[1], shared_store)
        assert (made["id"] in {each.id for each in door.readable(taker)}) is opens
        if not opens:
            with pytest.raises(Forbidden):
                door.open(taker, made["id"])


def test_what_is_over_cannot_be_accepted(sides, wanted):
    giver, taker = sides
    made = giver.post("/api/agreements", json=wanted(giver, taker, starts="2020-01-01", ends="2020-12-31"))
    headers = {"If-Match": made.headers["ETag"]}
    assert taker.post(f"/api/agreements/{made.json['id']}/accept", headers=headers).status_code == 409


def test_a_disabled_organisation_gives_nothing(sides, agreed, door, shared_store):
    made, giver = agreed(), own(sides[0], shared_store)
    taker = principal(sides[1], shared_store)
    assert [each.id for each in door.running(giver.org)] == [made["id"]]
    shared_store.organisations.change(giver.id, {"disabled": True})
    assert door.running(giver.org) == door.readable(taker) == []
    with pytest.raises(Forbidden, match="disabled"):
        door.open(taker, made["id"])


def test_with_somebody_outside_the_giver_accepts_what_was_signed(sides, wanted):
    giver, other = sides
    body = wanted(giver, None, statements=True, partner={"name": "Viện X", "document": "12/TT-2026"})
    assert other.post("/api/agreements", json=body).status_code == 403
    assert giver.post("/api/agreements", json=body | {"statements": False}).status_code == 400
    unsigned = body | {"partner": {"name": "Viện X"}}
    assert giver.post("/api/agreements", json=unsigned).status_code == 400
    made = giver.post("/api/agreements", json=body)
    path = f"/api/agreements/{made.json['id']}"
    accepted = giver.post(f"{path}/accept", headers={"If-Match": made.headers["ETag"]}).json
    assert (accepted["state"], accepted["taker"], accepted["partner"]) == ("active", None, body["partner"])
    assert "12/TT-2026" in giver.get(f"{path}/statement").text
    assert other.get(path).status_code == 404


def test_new_pseudonyms_are_made_by_the_giver_and_rows_stay(sides, agreed, door, shared_store):
    made = agreed()
    before = door.secrets(shared_store.agreements.get(made["id"]))
    assert before.rows != before.pseudonyms
    assert sides[1].post(f"/api/agreements/{made['id']}/rotate").status_code == 403
    assert sides[0].post(f"/api/agreements/{made['id']}/rotate").status_code == 200
    after = door.secrets(shared_store.agreements.get(made["id"]))
    assert (after.rows, after.pseudonyms != before.pseudonyms) == (before.rows, True)


def test_two_agreements_have_nothing_in_common(agreed, door, shared_store):
    keys = [door.secrets(shared_store.agreements.get(agreed()["id"])) for _ in range(2)]
    assert len({*keys[0][:2], *keys[1][:2]}) == 4


def test_changes_of_records_are_noted_from_the_first_agreement_on_records(sides, agreed, shared_store):
    giver = own(sides[0], shared_store).org
    agreed(level="figures")
    assert not shared_store.changes.noted(giver)
    agreed()
    assert shared_store.changes.noted(giver)


def test_every_change_is_in_both_audits_and_both_are_sound(sides, agreed, shared_store, door):
    giver, taker = sides
    made = agreed()
    path = f"/api/agreements/{made['id']}"
    for act in ("suspend", "suspend", "resume", "rotate", "end", "end"):
        giver.post(f"{path}/{act}")
    door.note_read(principal(taker, shared_store), shared_store.agreements.get(made["id"]), {"rows": 3})
    told = ["proposed", "accepted", "suspended", "resumed", "rotated", "ended"]
    expected = [*(f"agreement.{each}" for each in told), "share.read"]
    for side in sides:
        found = entries(shared_store, side)
        assert [action for action, _, _ in found] == expected
        assert all(details["purpose"] == "joint-course" for _, _, details in found)
        org = own(side, shared_store).org
        assert Verifier(shared_store.audit).verify(org).sound
    strangers = [actor for _, actor, _ in entries(shared_store, giver) if actor.startswith("organisation:")]
    assert strangers == [f"organisation:{own(taker, shared_store).id}"] * 2


def test_the_audit_holds_no_words_of_people(sides, agreed, shared_store):
    agreed(purpose=PURPOSE | {"vi": "Lan Nguyễn", "en": "Lan Nguyen"})
    assert "Lan" not in str(entries(shared_store, sides[0]))


def test_the_statement_tells_all_of_it_in_both_languages(sides, agreed):
    made = agreed(filter={"groups": ["elderly"], "verbs": ["completed"], "from": "2026-01-01"}, k=20, minors=True)
    path = f"/api/agreements/{made['id']}/statement"
    vietnamese, english = sides[0].get(f"{path}?language=vi"), sides[1].get(f"{path}?language=en")
    assert sides[0].get(path, headers={"Accept-Language": "vi-VN,vi;q=0.9"}).text == vietnamese.text
    assert sides[0].get(path, headers={"Accept-Language": "en"}).text == english.text
    for page in (vietnamese.text, english.text):
        known = (made["id"], made["giver"], made["taker"])
        for told in (*known, "joint-course", "Trường thử", "91/2025/QH15", "20", "2026-01-01"):
            assert told in page
        for name in ("id", "learner", *made["fields"]):
            assert f"<code>{name}</code>" in page
        assert "<code>identities</code>" not in page
    assert "vẫn là dữ liệu cá nhân" in vietnamese.text
    assert "người cao tuổi" in vietnamese.text
    assert "are still personal data" in english.text
    assert 'lang="en"' in english.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_word_for_every_term_in_both_languages(language):
    words = WORDS[language]
    assert shape(words) == shape(WORDS["en"]) | {"names": shape(words["names"])}
    assert words["meanings"].keys() == {*FIELDS, "id", "learner_pseudonymous", "learner_named"}
    assert words["bases"].keys() == {*BASES}
    assert words["levels"].keys() == {*LEVELS}
    assert words["states"].keys() == {*AGREEMENT_STATES}
    assert words["parts"].keys() | {"at"} == {*Filter.__struct_fields__}
    known = {*STATES, *STATE_OF_VERB, *GROUPS, "unknown"}
    assert language == "en" or words["names"].keys() >= known


def shape(words):
    return {name: shape(value) if isinstance(value, dict) else str for name, value in words.items()}


def test_the_statement_is_a_page_without_script_and_every_text_is_escaped(sides, agreed):
    made = agreed(
        purpose={"code": "x", "vi": "<script>alert(1)</script>", "en": "{{ 7777777 * 7 }}"},
        filter={"activities": ["https://a.b/?<img src=x>"], "programmes": ['"><b>'], "types": ["<i>"]},
    )
    for language in ("vi", "en"):
        page = sides[0].get(f"/api/agreements/{made['id']}/statement?language={language}")
        assert page.content_type == "text/html; charset=utf-8"
        assert not re.search("<(script|img|i|b)[ >]", page.text)
        assert "54444439" not in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert page.headers["Cache-Control"] == "private, no-cache"


def test_a_statement_of_figures_promises_no_records(sides, agreed):
    made = agreed(level="figures", filter={"units": ["unknown"], "programmes": ["192"]})
    page = sides[0].get(f"/api/agreements/{made['id']}/statement?language=en").text
    assert "No records travel." in page
    assert "still personal data" not in page
    assert "cannot be traced back" in page
    assert "fewer than 10 people" in page


def test_a_statement_tells_the_least_count_that_figures_really_have(sides, agreed):
    made = agreed(level="figures")
    agreed(level="figures", k=25)
    page = sides[0].get(f"/api/agreements/{made['id']}/statement?language=en").text
    assert "fewer than 25 people" in page
    assert "Figures count everybody" in page


def test_of_many_refused_reads_of_a_minute_one_is_in_the_audit(sides, agreed, door, shared_store):
    giver, taker = sides
    one, other = agreed(), agreed()
    for made in (one, other):
        giver.post(f"/api/agreements/{made['id']}/suspend")
    begun = datetime.now(ZoneInfo(ZONE)).minute
    for _ in range(10):
        for made in (one, other):
            for who in (taker, sides[0]):
                with pytest.raises(Forbidden):
                    door.open(principal(who, shared_store), made["id"])
    spans = 1 + (datetime.now(ZoneInfo(ZONE)).minute != begun)
    assert 2 <= len(entries(shared_store, giver, "share.refused")) <= 2 * spans


def test_why_records_do_not_come_is_shown_to_both_sides(sides, agreed, shared_store):
    made = agreed()
    assert "failure" not in sides[0].get(f"/api/agreements/{made['id']}").json
    shared_store.shares.begin(made["id"])
    shared_store.shares.fail(made["id"], "ValueError", 1_700_000_000_000_000)
    for side in sides:
        shown = side.get(f"/api/agreements/{made['id']}").json
        assert shown.pop("failure") == {"at": "2023-11-14T22:13:20.000000Z", "error": "ValueError"}
        assert shown == made
