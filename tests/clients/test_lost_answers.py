"""The real server behind a network that takes requests through and loses the answers."""

import urllib.error
import urllib.request

import pytest

from clients import Basic, LRSClient, OutcomeUnknown, completed

LESSON = "https://hoc.example.vn/bai/mat-khau"


@pytest.fixture
def forwards(site, server):
    """Take a request to the real server; give its answer back, or lose it."""

    def make(*, losing):
        def behave(handler):
            received = site.received[-1]
            asked = urllib.request.Request(
                server.root + received.path.removeprefix("/prefix"),
                received.content or None,
                {name: value for name, value in received.headers.items() if name not in {"host", "content-length"}},
                method=received.method,
            )
            try:
                with urllib.request.urlopen(asked) as answer:
                    status, headers, content = answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as answer:
                status, headers, content = answer.code, answer.headers, answer.read()
            (site.cuts() if losing else site.says(status, content, headers.get("Content-Type", "")))(handler)

        return behave

    return make


@pytest.fixture
def lossy(site, server, version):
    client = LRSClient(site.endpoint, Basic(server.key, server.secret), version=version)
    site.clients.append(client)
    return client


def test_statements_whose_answers_are_lost_are_stored_once(site, forwards, lossy, lrs, learner):
    site.then(*[forwards(losing=number % 3 != 2) for number in range(9)])
    sent = lossy.save_many([without_id(learner) for _ in range(5)], portion=2)
    assert len(site.received) == 9
    assert sorted(each["id"] for each in lrs.find(agent=learner)) == sorted(sent)


def test_a_single_statement_whose_answer_is_lost_is_stored_once(site, forwards, lossy, lrs, learner):
    site.then(forwards(losing=True), forwards(losing=False))
    sent = lossy.save(without_id(learner))
    assert [each["id"] for each in lrs.find(agent=learner)] == [sent]


def test_a_walk_whose_pages_are_lost_is_whole(site, forwards, lossy, lrs, learner):
    sent = lrs.save_many(completed(learner, LESSON) for _ in range(5))
    # "more" has the real server's own path, which this network adds nothing to.
    site.then(*[forwards(losing=number % 2 == 0) for number in range(6)])
    assert [each["id"] for each in lossy.find(agent=learner, page_size=2, ascending=True)] == sent


def test_a_document_that_should_be_new_is_of_unknown_outcome_and_there(site, forwards, lossy, lrs, learner):
    site.then(forwards(losing=True), forwards(losing=False))
    with pytest.raises(OutcomeUnknown):
        lossy.agent_profile(learner).put("d", b"mine", new=True)
    assert lrs.agent_profile(learner).get("d").content == b"mine"


def without_id(learner):
    return completed(learner, LESSON) | {"id": None}
