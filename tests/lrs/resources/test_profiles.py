import json
from urllib.parse import urlsplit

import pytest

from schemas.training.profile import identifiers, load
from schemas.training.terms import BASE, VERSION

PATH = "/profiles/digital-skills"


@pytest.fixture
def anybody(shared_app):
    return shared_app.test_client()


@pytest.mark.parametrize("part", ["", "/", "/v1.0", "/templates/class-attended", "/extensions/admin-unit"])
def test_the_profile_is_open_to_all_at_the_path_of_what_it_defines(anybody, part):
    answer = anybody.get(f"{PATH}{part}")
    assert (answer.status_code, answer.content_type) == (200, "application/ld+json")
    assert answer.data == load()
    assert json.loads(answer.data)["id"] == BASE


def test_every_iri_of_it_leads_to_it(anybody):
    for iri in identifiers() | {VERSION}:
        path = urlsplit(iri).path
        assert anybody.get(path[path.index("/profiles/") :]).status_code == 200, iri


def test_what_it_does_not_define_is_not_found(anybody):
    answer = anybody.get(f"{PATH}/v9")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_who_has_it_need_not_get_it_again(anybody):
    first = anybody.get(PATH)
    again = anybody.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_pages_of_every_origin_may_read_it(anybody):
    answer = anybody.get(PATH, headers={"Origin": "https://tool.example.vn"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert anybody.post(PATH).status_code == 405
