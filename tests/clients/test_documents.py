"""Documents of all three resources against the real server, in both versions."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from clients import BadAnswer, Basic, Conflict, LRSClient, NotFound, OutcomeUnknown, PreconditionFailed, Refused


@pytest.fixture
def activity():
    return f"https://hoc.example.vn/bai/{uuid.uuid4().hex}"


@pytest.fixture(params=["state", "registered state", "activity profile", "agent profile"])
def place(request, lrs, activity, learner):
    return {
        "state": lambda: lrs.state(activity, learner),
        "registered state": lambda: lrs.state(activity, learner, uuid.uuid4()),
        "activity profile": lambda: lrs.activity_profile(activity),
        "agent profile": lambda: lrs.agent_profile(learner),
    }[request.param]()


@pytest.mark.parametrize(
    ("content", "content_type", "kept_type"),
    [
        ({"page": 3, "tên": "Bài 1"}, None, "application/json"),
        ([1, 2], None, "application/json"),
        ("văn bản", None, "application/json"),
        (None, None, "application/json"),
        (b"\0\xff\r\n", None, "application/octet-stream"),
        ("Bài 1".encode(), "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
    ],
)
def test_a_document_comes_back_as_it_was(place, content, content_type, kept_type):
    place.put("d", content, content_type=content_type, new=True)
    found = place.get("d")
    assert found.content_type == kept_type
    assert (found.content if isinstance(content, bytes) else found.json()) == content
    assert found.etag
    assert found.last_modified


def test_an_id_is_any_text(place):
    document_id = "Bài 1/2?a=b&c #%"
    place.put(document_id, b"x", new=True)
    assert place.ids() == [document_id]
    assert place.get(document_id).content == b"x"


def test_what_is_not_there_is_not_found(place):
    assert place.find("d") is None
    assert place.ids() == []
    with pytest.raises(NotFound):
        place.get("d")


def test_only_what_was_read_is_replaced(place):
    place.put("d", b"1", new=True)
    first = place.get("d").etag
    place.put("d", b"2", etag=first)
    for change in (
        lambda: place.put("d", b"3", etag=first),
        lambda: place.put("d", b"3", new=True),
        lambda: place.delete("d", etag=first),
    ):
        with pytest.raises(PreconditionFailed):
            change()
    assert place.get("d").content == b"2"
    place.delete("d", etag=place.get("d").etag)
    assert place.find("d") is None


def test_a_profile_without_a_precondition_is_refused_and_the_reason_is_given(lrs, activity):
    place = lrs.activity_profile(activity)
    place.put("d", b"1", new=True)
    with pytest.raises((Conflict, Refused), match="If-Match"):
        place.put("d", b"2")


def test_the_rule_of_state_goes_by_version(lrs, version, activity, learner):
    place = lrs.state(activity, learner)
    place.put("d", b"1")
    if version == "1.0.3":
        place.put("d", b"2")
        assert place.get("d").content == b"2"
    else:
        with pytest.raises(Conflict):
            place.put("d", b"2")


def test_merging_sets_top_level_members(place):
    place.merge("d", {"a": 1, "b": {"c": 2}})
    place.merge("d", {"b": {"d": 3}}, etag=place.get("d").etag)
    assert place.get("d").json() == {"a": 1, "b": {"d": 3}}


def test_ids_can_be_asked_for_by_time(place):
    place.put("d", b"1", new=True)
    now = datetime.now(UTC)
    assert place.ids(since=now - timedelta(minutes=5)) == ["d"]
    assert place.ids(since=now + timedelta(minutes=5)) == []


def test_all_state_can_be_cleared_and_that_of_others_stays(lrs, activity, learner):
    mine, other = lrs.state(activity, learner), lrs.state(f"{activity}/2", learner)
    for place in (mine, other):
        place.put("d", b"1")
        place.put("e", b"1")
    mine.clear()
    assert (mine.ids(), sorted(other.ids())) == ([], ["d", "e"])


def test_an_update_makes_changes_and_replaces(place):
    place.update("d", lambda old: {"seen": old})
    place.update("d", lambda old: {"seen": old})
    assert place.get("d").json() == {"seen": {"seen": None}}


def test_updates_of_many_at_once_are_all_there(place):
    def add(name):
        place.update("d", lambda old: [*(old or []), name])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(place.get("d").json()) == list(range(8))


def test_an_update_of_what_is_not_json_changes_nothing(place):
    place.put("d", b"\xff", new=True)
    with pytest.raises(ValueError, match="decode"):
        place.update("d", lambda old: old)


def test_a_server_without_etags_cannot_be_updated(site):
    site.then(site.says(content=b"{}"))
    with pytest.raises(BadAnswer, match="ETag"):
        site.client().activity_profile("https://x.vn/a").update("d", lambda old: old)


def test_an_update_whose_outcome_is_unknown_says_so(site):
    site.then(site.says(content=b"{}", headers={"ETag": '"1"'}), site.cuts(), site.says(412))
    with pytest.raises(OutcomeUnknown):
        site.client().activity_profile("https://x.vn/a").update("d", lambda old: old)


def test_a_document_is_new_or_has_an_etag(lrs, activity):
    with pytest.raises(ValueError, match="either"):
        lrs.activity_profile(activity).put("d", b"1", etag='"1"', new=True)


def test_versions_see_the_same_documents(server, activity, learner):
    auth = Basic(server.key, server.secret)
    with LRSClient(server.endpoint, auth, version="1.0.3") as old, LRSClient(server.endpoint, auth) as new:
        old.state(activity, learner).put("d", {"a": 1})
        new.state(activity, learner).merge("d", {"b": 2})
        assert old.state(activity, learner).get("d").json() == {"a": 1, "b": 2}
