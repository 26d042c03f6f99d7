"""GET /metrics: what Prometheus reads, and nobody else."""

import time
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lrs.app import close, create_app
from lrs.followers.records import records_follower

TOKEN = "a-token-for-prometheus"
PEPPER = "a pepper for tests, of 32 characters or more"


@pytest.fixture
def measured(config, client):
    """Another process of the same server, which tells its metrics."""
    assert client.get("/metrics").status_code == 404
    made = create_app(replace(config, metrics_token=TOKEN))
    yield made.test_client()
    close(made)


def read(client, token=TOKEN):
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return answer.text, {
        (sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples
    }


def waited(until):
    patience = time.monotonic() + 5
    while not until():
        assert time.monotonic() < patience
        time.sleep(0.05)


def test_lag_is_told_by_the_public_ids_of_organisations(measured, client, store, a_statement):
    posted = a_statement()
    assert client.post("/xapi/statements", json=posted).status_code == 200
    waited(lambda: read(measured)[1]["sohoc_records_lag_seconds", "first"] > 0)
    follower = records_follower(store, "worker", "Asia/Ho_Chi_Minh")
    waited(lambda: follower.follow() == 0 and read(measured)[1]["sohoc_records_lag_seconds", "first"] == 0)
    text, found = read(measured)
    assert found["sohoc_records_through_timestamp_seconds", "first"] == pytest.approx(time.time(), abs=10)
    assert found["sohoc_records_rebuilding", "first"] == 0
    assert 0 <= found["sohoc_safe_time_lag_seconds",] < 10
    assert found["sohoc_processes",] == 2
    assert found["sohoc_documents", "statements"] == 1
    assert found["sohoc_documents", "records"] == 1
    assert "mailto" not in text
    assert store.organisations.orgs()[0].hex() not in text


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_without_the_token_nothing_is_told(measured, header):
    answer = measured.get("/metrics", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "sohoc_" not in answer.text
