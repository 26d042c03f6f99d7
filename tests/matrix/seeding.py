"""What the organisations of the matrix have sent before they are asked for anything."""

import json
import time
from typing import Any

from lrs.followers.records import records_follower
from lrs.services import clocks, data_sets
from lrs.services.registries import RegistryService
from lrs.store import Store
from lrs.store.forwards import Forward
from lrs.store.providers import Provider
from lrs.store.pulls import Pull
from schemas.training.terms import BASE

from .model import VOIDED, Document, Key
from .things import KINDS, VERBS, activity, agent, attachment, parameters, place_of, reference
from .world import ORGANISATIONS, SHARED_DATA, SHARED_ID, World

PATIENCE = 30
ZONE = "Asia/Ho_Chi_Minh"
SPLIT = {"unit": "26449@2025-05-31", "to": None, "records": ["0" * 32]}
"""A unit of the registries that ship, and what is taken back of it: nobody has to be there for that."""
HOME = "https://hoc.example.vn"


def seed(world: World) -> None:
    """Let every key that may, post statements and store documents."""
    for organisation in ORGANISATIONS:
        before: list[dict[str, Any]] = []
        for key in world.of(organisation):
            if key.may("write"):
                before.append(statements(world, key, before))
            for path, kind in KINDS.items():
                if key.may(kind):
                    documents(world, key, path)


def administer(world: World, store: Store) -> None:
    """Let every organisation have what is administered and counted: people, a provider, learners, decisions."""
    list(data_sets.load(store, RegistryService(store, ZONE), "dong-nai"))
    for number, organisation in enumerate(ORGANISATIONS):
        importer = world.holder(organisation, "imports/write")
        body = SPLIT | {"reason": f"Ấp {importer.mark}"}
        do(world, importer, "/api/units/assignments", body, 201)
        invite(world, organisation)
        agree(world, organisation)
        trust(world, store, organisation)
        forward(world, store, organisation)
        be_called(world, organisation)
        concern(world, organisation)
        train(world, organisation, 2 + number)
        consent(world, organisation)
        learn_stored(world, organisation)
    count(world, store)
    for organisation in ORGANISATIONS:
        do(world, world.holder(organisation, "imports/write"), "/api/learners/links", joining(world, organisation), 200)
        meet(world, organisation)


def do(world: World, key: Key, path: str, body: Any, status: int) -> Any:
    answer = world.ask(key, "POST", path, body=body)
    assert answer.status_code == status, answer.get_data()
    return answer.get_json()


def statements(world: World, key: Key, before: list[dict[str, Any]]) -> dict[str, Any]:
    """Post all sorts of statements; return one that others refer to."""
    own, shared = activity(key.organisation, key.mark), activity(None, key.mark)
    learner, someone = agent(key.organisation, key.mark), agent(None, key.mark)
    first = world.statement(key, registration=True, instructor=agent(f"thay-{key.organisation}", key.mark))
    first["context"]["contextActivities"] = {"parent": [shared]}
    world.post(key, first)
    batch = [
        world.statement(key, actor=someone, object=shared, verb=VERBS[1]),
        world.statement(key, actor={"objectType": "Group", "name": key.mark, "member": [learner, someone]}),
        world.statement(
            key,
            actor=someone,
            object={"objectType": "SubStatement", "actor": learner, "verb": {"id": VERBS[1]}, "object": own},
        ),
        world.statement(key, actor=someone, object=learner | {"objectType": "Agent"}),
        world.statement(
            key,
            contextAgents=[{"objectType": "contextAgent", "agent": someone | {"objectType": "Agent"}}],
            contextActivities={"other": [own]},
            object=shared,
        ),
    ]
    answer = world.ask(key, "POST", "/xapi/statements", body=batch)
    assert answer.get_json() == [each["id"] for each in batch]
    for each in batch:
        world.model.add(key, each)
    if not before:
        world.post(key, world.statement(key, id=SHARED_ID, actor=someone, object=shared))
    references(world, key, first, before)
    with_files(world, key, before)
    return first


def references(world: World, key: Key, first: dict[str, Any], before: list[dict[str, Any]]) -> None:
    """Refer to own statements, others', foreign ones and none; void, be voided, early and late."""
    near = world.statement(key, object=reference(first["id"]), verb=VERBS[1])
    world.post(key, near)
    world.post(key, world.statement(key, object=reference(near["id"])))
    foreign = world.model.of(world.other(key.organisation))
    for target in [*(each["id"] for each in before), *(held.id for held in foreign[:1]), world.new_id()]:
        bridge = world.statement(key, object=reference(target), actor=agent(None, key.mark))
        world.post(key, bridge)
        world.post(key, world.statement(key, object=reference(bridge["id"])))
    if before:  # a chain out of one's own sight and back: mine, another's, mine
        last = world.statement(key, verb=VERBS[1], object=activity(f"sau-{key.organisation}", key.mark))
        world.post(key, last)
        other = writer_of(world, before[-1], key.organisation)
        middle = world.statement(other, object=reference(last["id"]))
        world.post(other, middle)
        world.post(key, world.statement(key, object=reference(middle["id"])))
    gone, late = world.statement(key), world.statement(key)
    world.post(key, gone)
    for target in (gone, late):
        world.post(key, world.statement(key, verb=VOIDED, object=reference(target["id"])))
    world.post(key, late)
    if before:
        world.post(key, world.statement(key, verb=VOIDED, object=reference(before[-1]["id"])))


def writer_of(world: World, statement: dict[str, Any], organisation: str) -> Key:
    held = world.model.get(organisation, statement["id"])
    assert held is not None
    return held.key


def with_files(world: World, key: Key, before: list[dict[str, Any]]) -> None:
    """Send data, own and such as others sent too; and name others' data without sending it."""
    own = f"bằng của {key.mark}".encode()
    world.post(key, world.statement(key, attachments=[attachment(own), attachment(SHARED_DATA)]), own, SHARED_DATA)
    named = [attachment(SHARED_DATA, url=True)]
    for other in before:
        holder = writer_of(world, other, key.organisation)
        named.append(attachment(f"bằng của {holder.mark}".encode(), url=True))
    world.post(key, world.statement(key, attachments=named))


def documents(world: World, key: Key, path: str) -> None:
    for place in (
        place_of(path, key.organisation),
        place_of(path, None),
        place_of(path, key.organisation, late=True),
    ):
        for name in (f"của {key.name}", "chung"):
            if (key.organisation, place, name) in world.model.documents:
                continue
            body = json.dumps({"của": key.mark, "tại": name}).encode()
            sent = {"Content-Type": "application/json", "If-None-Match": "*"}
            answer = world.ask(key, "PUT", path, parameters(place, path, name), body=body, headers=sent)
            assert answer.status_code == 204, answer.get_data()
            world.model.documents[key.organisation, place, name] = Document(body, answer.headers["ETag"])


def learn_stored(world: World, organisation: str) -> None:
    reader = next(key for key in world.of(organisation) if key.scopes == {"all"})
    for held in world.model.of(organisation):
        name = "voidedStatementId" if world.model.is_voided(held) else "statementId"
        held.stored = world.ask(reader, "GET", "/xapi/statements", {name: held.id}).get_json()["stored"]


def invite(world: World, organisation: str) -> None:
    """Let the organisation have somebody who administers it."""
    key = world.holder(organisation, "admin")
    body = {"email": f"{key.mark}@hoc.example.vn", "name": f"Lan {key.mark}", "role": "auditor"}
    world.members[organisation] = do(world, key, "/api/members", body, 201)["member"]["id"]


def concern(world: World, organisation: str) -> None:
    """Let somebody have asked what the organisation knows."""
    key = world.holder(organisation, "subjects")
    body = {"type": "access", "learner": account(key, 0), "note": f"Đơn {key.mark}"}
    world.requests[organisation] = do(world, key, "/api/subjects/requests", body, 201)["id"]


def agree(world: World, organisation: str) -> None:
    """Let the organisation propose what only it is a side of."""
    key = world.holder(organisation, "share")
    body = {
        "giver": organisation,
        "partner": {"name": f"Viện {key.mark}", "document": f"Số {key.mark}"},
        "purpose": {"code": "joint-course", "vi": f"Lớp {key.mark}", "en": f"Course {key.mark}"},
        "basis": "contract",
        "level": "pseudonymous",
        "statements": True,
    }
    world.agreements[organisation] = do(world, key, "/api/agreements", body, 201)["id"]


def trust(world: World, store: Store, organisation: str) -> None:
    """Let the organisation trust an identity provider, which nobody has to ask."""
    key = world.holder(organisation, "admin")
    held = store.organisations.find(organisation)
    assert held is not None
    world.providers[organisation] = f"{world.chance.getrandbits(64):016x}"
    store.providers.insert(
        Provider(
            id=world.providers[organisation],
            org=held.org,
            issuer=f"https://{organisation}.example.vn",
            audience=key.mark,
            scopes=frozenset({"statements/write"}),
            jwks_uri=f"https://{organisation}.example.vn/keys",
            fetched=clocks.now(),
            created=clocks.now(),
            label=f"Trường {key.mark}",
        ),
        b'{"keys": []}',
    )


def forward(world: World, store: Store, organisation: str) -> None:
    """Let the organisation send statements to somebody and take some from him, whom nobody has to ask."""
    key = world.holder(organisation, "share")
    held = store.organisations.find(organisation)
    assert held is not None
    world.forwards[organisation] = f"{world.chance.getrandbits(64):016x}"
    store.forwards.insert(
        Forward(
            id=world.forwards[organisation],
            org=held.org,
            agreement=world.agreements[organisation],
            url=f"https://{organisation}.example.vn/xapi",
            version="2.0.0",
            key=key.mark,
            secret=b"sealed",
            created=clocks.now(),
            label=f"Kho {key.mark}",
        )
    )
    world.pulls[organisation] = f"{world.chance.getrandbits(64):016x}"
    store.pulls.insert(
        Pull(
            id=world.pulls[organisation],
            org=held.org,
            credential=key.name,
            url=f"https://{organisation}.example.vn/xapi",
            version="2.0.0",
            key=key.mark,
            secret=b"sealed",
            created=clocks.now(),
            label=f"Kho {key.mark}",
        )
    )


def be_called(world: World, organisation: str) -> None:
    """Let the organisation be called about what happens; no worker does."""
    key = world.holder(organisation, "admin")
    body = {"url": f"https://{organisation}.example.vn", "events": ["agreement.changed"], "label": f"Cổng {key.mark}"}
    world.webhooks[organisation] = do(world, key, "/api/webhooks", body, 201)["id"]


def consent(world: World, organisation: str) -> None:
    """Let somebody of the organisation consent to something."""
    key = world.holder(organisation, "imports/write")
    wording = {"id": "chia-se", "version": "1", "language": "vi"}
    body = {"wordings": [wording | {"text": f"Tôi đồng ý: {key.mark}"}]}
    answer = world.ask(key, "PUT", "/api/consents/wordings", body=body)
    assert answer.status_code == 200, answer.get_data()
    said = {"identity": f"account:{HOME} {key.mark}", "purpose": "chia-se", "answer": "yes", "wording": wording}
    said |= {"given_by": "self", "how": "paper", "given": "2026-08-01"}
    [row] = do(world, key, "/api/consents", {"consents": [said]}, 200)["rows"]
    world.consents[organisation] = row["id"]


def account(key: Key, number: int) -> dict[str, Any]:
    return {"account": {"homePage": HOME, "name": f"{key.mark}.{number}"}}


def train(world: World, organisation: str, people: int) -> None:
    """Let people attend a class; every organisation has another number of them."""
    key = world.holder(organisation, "all")
    place = {f"{BASE}/extensions/admin-unit": {"code": "26209", "asOf": "2026-08-01"}}
    for number in range(people):
        attended = world.statement(
            key,
            actor=account(key, number),
            verb="http://adlnet.gov/expapi/verbs/attended",
            object={"id": f"{HOME}/lop", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        )
        world.post(key, attended | {"context": {"extensions": place}})


def joining(world: World, organisation: str) -> dict[str, Any]:
    """Return the decision that the first two of those who were trained are one."""
    key = world.holder(organisation, "all")
    one, other = (json.dumps(account(key, number)) for number in (0, 1))
    return {"links": [{"kind": "join", "identity": one, "other": other, "reason": "roster"}]}


def count(world: World, store: Store) -> None:
    """Wait until records rest on everything that was sent."""
    follower = records_follower(store, "matrix", ZONE)
    until = time.monotonic() + PATIENCE
    for organisation in ORGANISATIONS:
        reader = world.holder(organisation, "records/read", "reports/read")
        sent = max(held.stored for held in world.model.of(organisation))
        while world.ask(reader, "GET", "/api/progress").get_json()["through"] < sent:
            assert time.monotonic() < until, organisation
            follower.follow()
            time.sleep(0.05)


def meet(world: World, organisation: str) -> None:
    """Note who has which number."""
    reader = world.holder(organisation, "records/read", "reports/read")
    found = world.ask(reader, "GET", "/api/learners", {"limit": "1000"}).get_json()["learners"]
    world.learners[organisation] = {each["number"]: each["identities"] for each in found}
