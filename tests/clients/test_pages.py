import json
from urllib.parse import urlsplit

import pytest

from clients import BadAnswer, LRSClient, Unauthorized


def page(site, ids, more, **headers):
    content = json.dumps({"statements": [{"id": each} for each in ids], "more": more}).encode()
    return site.says(content=content, headers=headers)


def found(site):
    return [each["id"] for each in site.client().find()]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ("/prefix/xapi/statements?more=a%2Fb", "/prefix/xapi/statements?more=a%2Fb"),
        ("/elsewhere/more/1", "/elsewhere/more/1"),
        ("statements?more=1", "/prefix/xapi/statements?more=1"),
        ("?more=1", "/prefix/xapi/statements?more=1"),
        ("{origin}/prefix/xapi/statements?more=1", "/prefix/xapi/statements?more=1"),
        ("http://internal.example:8080/prefix/xapi/statements?more=1", "/prefix/xapi/statements?more=1"),
        ("https://127.0.0.1/prefix/xapi/statements?more=1#part", "/prefix/xapi/statements?more=1"),
        ("//evil.example/xapi/statements", "/xapi/statements"),
        ("/prefix/xapi/statements?more=1&agent=%7B%22mbox%22%3A%22mailto%3Aa%40b.vn%22%7D",) * 2,
    ],
)
def test_more_is_followed_on_the_endpoints_own_host(site, more, path):
    address = urlsplit(site.endpoint)
    site.then(page(site, ["1", "2"], more.format(origin=f"http://{address.netloc}")), page(site, ["3"], ""))
    assert found(site) == ["1", "2", "3"]
    assert site.received[1].path == path
    assert site.received[1].headers["authorization"] == site.received[0].headers["authorization"]
    assert site.received[1].headers["x-experience-api-version"] == "2.0.0"


def test_a_page_may_be_empty_and_still_lead_on(site):
    site.then(page(site, [], "/a"), page(site, ["1"], "/b"), page(site, [], None))
    assert found(site) == ["1"]


def test_pages_are_asked_for_as_they_are_needed(site):
    site.then(page(site, ["1"], "/a"), page(site, ["2"], "/b"))
    walk = site.client().find()
    assert (next(walk)["id"], len(site.received)) == ("1", 1)
    assert (next(walk)["id"], len(site.received)) == ("2", 2)


def test_a_page_that_is_lost_is_asked_for_again(site):
    site.then(page(site, ["1"], "/a"), site.cuts(), site.says(503), page(site, ["2"], ""))
    assert found(site) == ["1", "2"]


def test_a_page_says_how_far_it_is_complete(site):
    site.then(page(site, ["1"], "", **{"X-Experience-API-Consistent-Through": "2026-11-20T02:00:00Z"}))
    assert next(site.client().pages()).consistent_through == "2026-11-20T02:00:00Z"


@pytest.mark.parametrize(
    "content",
    [b"", b"nope", b"[]", b"{}", b'{"statements": {}}', b"\xff", b"[" * 200_000, b'{"statements": [], "more": 3}'],
)
def test_what_is_no_page_is_a_bad_answer(site, content):
    site.then(site.says(content=content))
    with pytest.raises(BadAnswer):
        found(site)


def test_a_server_that_leads_in_a_circle_is_left(site):
    site.then(*[page(site, ["1"], "/again")] * 5)
    with pytest.raises(BadAnswer, match="nowhere"):
        found(site)
    assert len(site.received) == 2


@pytest.mark.parametrize("links", [["/a", "/b"], ["/a", "/b", "/c"], ["/prefix/xapi/statements"]])
def test_a_circle_of_any_length_is_left_when_it_closes(site, links):
    site.then(*[page(site, ["1"], each) for each in links * 3])
    with pytest.raises(BadAnswer, match="nowhere"):
        found(site)
    assert len(site.received) == len({"/prefix/xapi/statements", *links})


@pytest.mark.parametrize("more", ["http://[bad", "//[::1", "http://[x]/y"])
def test_a_link_that_is_no_address_is_a_bad_answer(site, more):
    site.then(page(site, ["1"], more))
    with pytest.raises(BadAnswer, match="no address"):
        found(site)


def test_an_error_on_the_way_ends_the_walk(site):
    site.then(page(site, ["1"], "/a"), site.says(401))
    walk = site.client().find()
    next(walk)
    with pytest.raises(Unauthorized):
        next(walk)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "lrs.example.vn/xapi",
        "ftp://lrs.example.vn",
        "https://",
        "https://key:secret@lrs.example.vn/xapi",
        "https://lrs.example.vn/xapi?a=b",
        "https://lrs.example.vn/#x",
        "http://[::1%/xapi",
    ],
)
def test_an_endpoint_is_an_address_without_secrets(endpoint):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at
        LRSClient(endpoint)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize("ending", ["", "/", "//"])
def test_a_slash_at_the_end_of_the_endpoint_makes_no_difference(site, ending):
    site.endpoint += ending
    site.then(site.says(content=b"{}"))
    site.client().about()
    assert site.received[0].path == "/prefix/xapi/about"
