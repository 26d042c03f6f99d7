import json
import time
from itertools import chain

import pytest

from clients import AnswerLost, Patience, Refused, TooLarge, Unavailable, Unsendable


def portions(site):
    return [[each["id"] for each in json.loads(received.content)] for received in site.received]


@pytest.mark.parametrize(("number", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_many_go_in_portions_and_in_order(site, a_statement, number, sizes):
    ids = site.client().save_many(a_statement(id=None) for _ in range(number))
    assert [len(each) for each in portions(site)] == sizes
    assert [*chain(*portions(site))] == ids
    assert len(set(ids)) == number


def test_a_portion_ends_before_it_grows_too_large(site, a_statement):
    site.client().save_many(a_statement(result={"response": "x" * 400_000}) for _ in range(5))
    assert [len(each) for each in portions(site)] == [2, 2, 1]


def test_a_portion_that_is_lost_is_sent_again_with_the_same_ids(site, a_statement):
    site.then(site.says(), site.cuts(), site.says(503))
    ids = site.client().save_many([a_statement(id=None) for _ in range(5)], portion=2)
    assert portions(site) == [ids[:2], ids[2:4], ids[2:4], ids[2:4], ids[4:]]


def test_a_server_that_takes_less_at_once_gets_less(site, a_statement):
    site.then(site.says(413), site.says(413))
    ids = site.client().save_many(a_statement() for _ in range(20))
    assert [len(each) for each in portions(site)] == [20, 10, 5, 5, 5, 5]
    assert [*chain(*portions(site)[2:])] == ids


def test_a_single_statement_that_is_too_large_is_named(site, a_statement):
    site.then(site.says(), *[site.says(413)] * 2)
    statements = [a_statement() for _ in range(4)]
    with pytest.raises(TooLarge) as caught:
        site.client().save_many(statements, portion=2)
    assert caught.value.unsaved == statements[2:]


def test_an_error_tells_what_is_stored_and_what_is_not(site, a_statement):
    problem = {"title": "no", "errors": [{"path": "[1].verb", "rule": "required", "message": "is missing"}]}
    site.then(site.says(), site.says(400, json.dumps(problem).encode(), "application/problem+json"))
    statements = [a_statement() for _ in range(5)]
    with pytest.raises(Refused) as caught:
        site.client().save_many(statements, portion=2)
    assert caught.value.saved == [each["id"] for each in statements[:2]]
    assert caught.value.unsaved == statements[2:]
    assert caught.value.faults[0].path == "[1].verb"


def test_what_an_error_left_can_be_saved_later_under_the_same_ids(site, a_statement):
    site.then(site.cuts(), *[site.says(503)] * 50)
    with pytest.raises(Unavailable) as caught:
        site.client(Patience(within=1, first_pause=0.1)).save_many([a_statement(id=None) for _ in range(3)])
    site.script.clear()
    later = site.client().save_many(caught.value.unsaved)
    assert portions(site) == [later] * len(site.received)


def test_a_limit_of_time_holds_for_all_portions_together(site, a_statement):
    site.then(*[site.waits(0.4, site.says())] * 10)
    started = time.monotonic()
    with pytest.raises(AnswerLost) as caught:
        site.client().save_many([a_statement() for _ in range(10)], portion=1, within=1)
    assert time.monotonic() - started < 2
    assert len(caught.value.saved) in {1, 2}


def test_a_batch_sends_when_it_is_full_and_at_its_end(site, a_statement):
    with site.client().batch(3) as batch:
        ids = [batch.add(a_statement(id=None)) for _ in range(7)]
        assert portions(site) == [ids[:3], ids[3:6]]
    assert portions(site)[2] == ids[6:]
    assert batch.waiting == []


def test_a_batch_keeps_what_could_not_be_sent(site, a_statement):
    site.then(*[site.says(503, headers={"Retry-After": "99"})] * 2)
    batch = site.client().batch(2)
    first = batch.add(a_statement())
    with pytest.raises(Unavailable):
        batch.add(a_statement())
    assert batch.waiting[0]["id"] == first
    with pytest.raises(Unavailable):
        batch.flush()
    batch.flush()
    assert batch.waiting == []
    assert portions(site)[0] == portions(site)[1] == portions(site)[2]


def test_one_that_cannot_be_written_is_named_and_holds_up_no_portion_before_it(site, a_statement):
    statements = [a_statement() for _ in range(10)]
    statements[7] |= {"result": {"score": {"raw": float("nan")}}}
    with pytest.raises(Unsendable, match=r"\[1\]") as caught:
        site.client().save_many(statements, portion=3)
    assert caught.value.saved == [each["id"] for each in statements[:6]]
    assert caught.value.unsaved == statements[6:]
    assert [fault.path for fault in caught.value.faults] == ["[1]"]


def test_a_batch_does_not_take_what_cannot_be_written(site, a_statement):
    bad = a_statement(result={"response": "\ud800"})
    with site.client().batch(3) as batch:
        before = batch.add(a_statement())
        with pytest.raises(Unsendable) as caught:
            batch.add(bad)
        after = batch.add(a_statement())
    assert caught.value.unsaved == [bad]
    assert portions(site) == [[before, after]]


def test_a_batch_sends_nothing_more_after_an_exception(site, a_statement):
    with pytest.raises(KeyError), site.client().batch() as batch:  # noqa: PT012 - what the block raises
        batch.add(a_statement())
        raise KeyError
    assert (site.received, len(batch.waiting)) == ([], 1)
