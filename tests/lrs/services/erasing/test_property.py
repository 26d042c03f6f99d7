"""Erasing somebody gives the store into which the statements of that person had never been sent."""

import copy
import json
import os
import random

import pytest

from lrs.services.erasing.people import account_of
from lrs.store.erasures import erasure_id
from schemas.training.terms import BASE, ERASED

GENERATED = int(os.environ.get("SOHOC_GENERATED", "300"))
PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
WHO = f"account:{HOME} p0"


def generated(world, rnd):
    """Make statements of few people, who also are instructors and members of groups and teams, some voided."""
    people = [f"p{n}" for n in range(8)]

    def group(*names, **more):
        return {"objectType": "Group", "member": [world.person(each) for each in names]} | more

    told = []
    for n in range(GENERATED):
        who = rnd.choice(people)
        extensions = {f"{BASE}/extensions/target-group": [rnd.choice(["elderly", "citizen"])]}
        each = world.statement(rnd.choice(["attended", "completed", "passed"]), who, f"lop-{rnd.randrange(9)}")
        each["context"]["extensions"] |= extensions
        each["timestamp"] = f"2025-{rnd.randrange(7, 10):02}-15T00:00:00Z"
        if rnd.random() < 0.2:
            each["context"]["extensions"][f"{BASE}/extensions/target-group"] = [f"nobody knows {n % 3}"]
        if rnd.random() < 0.1:
            each["verb"] = {"id": f"{HOME}/verbs/{n % 3}"}
        if rnd.random() < 0.2:
            each["actor"] = group(*rnd.sample(people, 2), **world.person(f"to-{n % 3}"))
        if rnd.random() < 0.2:
            each["context"]["instructor"] = world.person(rnd.choice(people))
        if rnd.random() < 0.2:
            each["context"]["team"] = group(*rnd.sample(people, 2), **world.person(f"to-{n % 3}"))
        told.append(each)
    told += [world.refers("voided", each, rnd.choice(people)) for each in rnd.sample(told, GENERATED // 15)]
    told += [world.refers("responded", each, rnd.choice(people)) for each in rnd.sample(told, GENERATED // 15)]
    rnd.shuffle(told)
    return told


def without(world, told):
    """Return what would have been sent had the person never sent or been anything, by other means than the store's."""
    account = {"homePage": ERASED, "name": account_of(PEPPER, erasure_id(world.org, "request-1"), world.org)}
    own = {each["id"] for each in told if each["actor"].get("account") == {"homePage": HOME, "name": "p0"}}
    voids = {each["id"]: each["object"]["id"] for each in told if each["verb"]["id"].endswith("/voided")}
    kept = []
    for each in told:
        if each["id"] in own and (each["id"] not in voids or voids[each["id"]] in own):
            continue
        text = json.dumps(each).replace(json.dumps({"homePage": HOME, "name": "p0"}), json.dumps(account))
        kept.append(json.loads(text))
    return kept


def number_everybody(world):
    """Let both stores give the same people the same numbers: which those are is by chance."""
    account = account_of(PEPPER, erasure_id(world.org, "request-1"), world.org)
    names = [*(f"p{n}" for n in range(8)), *(f"to-{n}" for n in range(3)), "operator"]
    for who in [*(f"account:{HOME} {each}" for each in names), f"account:{ERASED} {account}"]:
        world.store.learners.numbers(world.org, [who])


def parts(found):
    return {name: [json.dumps(row, default=repr, sort_keys=True) for row in rows] for name, rows in found.items()}


@pytest.mark.parametrize("seed", range(4))
def test_it_is_as_if_the_person_had_never_been_there(world, seed):
    rnd = random.Random(seed)
    told = generated(world, rnd)
    number_everybody(world)
    # Some of it is behind the follower when it is erased, some is not, and some comes after.
    world.put(*told)
    if seed:
        world.follow(batch=rnd.choice([40, 500]))
    world.erasing.erase(world.org, [WHO], "request-1", "key")
    world.follow()
    erased = world.derived()
    assert min(map(len, erased.values())) > 0
    stamps = sorted(row["_id"] for row in world.store.database["statements"].find({"org": world.org}))
    references = {row["_id"]: row["keys"] for row in world.store.database["references"].find()}
    statements = world.stored()
    world.rebuild()
    assert parts(world.derived()) == parts(erased)

    for name in ("statements", "references", "records", "cells", "reviews", "aside", "places"):
        world.store.database[name].delete_many({})
    kept = without(world, copy.deepcopy(told))
    world.stamp = 0
    world.put(*kept)
    world.follow()
    assert world.stored() == statements
    assert stamps == sorted(row["_id"] for row in world.store.database["statements"].find({"org": world.org}))
    assert references == {row["_id"]: row["keys"] for row in world.store.database["references"].find()}
    assert parts(world.derived()) == parts(erased)
