from urllib.parse import quote

COURSE = "https://hoc.example.vn/courses/an-toan-so"


def activity(client, activity_id=COURSE, **options):
    return client.get(f"/xapi/activities?activityId={quote(activity_id, safe='')}", **options)


def test_an_activity_has_what_all_statements_said_of_it(client, a_statement):
    for language, name in (("vi", "An toàn số"), ("en", "Digital safety")):
        definition = {"type": "http://adlnet.gov/expapi/activities/course", "name": {language: name}}
        client.post("/xapi/statements", json=a_statement(object={"id": COURSE, "definition": definition}))
    found = activity(client)
    assert (found.status_code, found.headers["Content-Type"]) == (200, "application/json")
    assert found.json == {
        "objectType": "Activity",
        "id": COURSE,
        "definition": {
            "type": "http://adlnet.gov/expapi/activities/course",
            "name": {"vi": "An toàn số", "en": "Digital safety"},
        },
    }
    head = client.head(f"/xapi/activities?activityId={quote(COURSE)}")
    assert (head.data, head.headers["Content-Length"]) == (b"", found.headers["Content-Length"])


def test_of_an_activity_that_nobody_described_the_id_is_told(client):
    for version in ("1.0.3", "2.0.0"):
        found = activity(client, "urn:bài:1", headers={"X-Experience-API-Version": version})
        assert (found.status_code, found.json) == (200, {"objectType": "Activity", "id": "urn:bài:1"})


def test_no_cache_tells_it_later_or_to_others(client):
    agents = "/xapi/agents?agent=%7B%22mbox%22%3A%22mailto%3Alan%40hoc.example.vn%22%7D"
    for answer in (activity(client), client.get(agents)):
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "Authorization" in str(answer.headers.getlist("Vary"))


def test_what_is_wrong_is_told(client):
    assert client.get("/xapi/activities").json["errors"][0]["path"] == "activityId"
    assert activity(client, "course").status_code == 400
    assert client.get(f"/xapi/activities?activityId={COURSE}&foo=1").status_code == 400
    refused = client.post("/xapi/activities", json={})
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]
