"""One key floods a real server; another, which behaves, must not feel it."""

import base64
import contextlib
import http.client
import json
import socket
import statistics
import subprocess
import sys
import time

import pytest

from lrs.services.auth import digest
from lrs.store.credentials import Credential

PEPPER = "a pepper for tests, of 32 characters or more"
LIMIT = 400
CLIENTS = 24
# In a process of its own: its threads must not slow down whoever measures.
FLOOD = """
import http.client, json, sys, threading, time, collections
port, authorization, seconds, clients, body = sys.argv[1:]
headers = {"Authorization": authorization, "X-Experience-API-Version": "2.0.0", "Content-Type": "application/json"}
end, told, lock = time.monotonic() + float(seconds), collections.Counter(), threading.Lock()
def work():
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    while time.monotonic() < end:
        connection.request("POST", "/xapi/statements", body, headers)
        answer = connection.getresponse()
        answer.read()
        with lock:
            told[answer.status] += 1
threads = [threading.Thread(target=work) for _ in range(int(clients))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(told))
"""


def basic(key):
    return "Basic " + base64.b64encode(f"{key}:secret".encode()).decode()


def two_keys(store):
    first = store.credentials.find("key-of-tests")
    for key, limits in (("flood", {"requests": LIMIT}), ("quiet", {})):
        secret = digest(PEPPER.encode(), key, "secret")
        store.credentials.put(Credential(key, first.org, secret, first.scopes, first.authority, limits=limits))


@pytest.fixture(scope="module")
def server(serve):
    """Two processes of four threads each, and two more keys."""
    with serve(two_keys, LRS_THREADS="4") as running:
        yield running


def seconds_of_quiet(server, a_statement, requests):
    """Post as the quiet key; return how long each took. Every one must be stored."""
    took = []
    headers = {"Authorization": basic("quiet"), "X-Experience-API-Version": "2.0.0", "Content-Type": "application/json"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        for _ in range(requests):
            begin = time.monotonic()
            connection.request("POST", "/xapi/statements", json.dumps(a_statement()), headers)
            answer = connection.getresponse()
            answer.read()
            took.append(time.monotonic() - begin)
            assert answer.status == 200
            time.sleep(0.01)
    return took


def test_a_key_that_floods_is_refused_and_slows_down_nobody_else(server, a_statement):
    seconds_of_quiet(server, a_statement, 10)
    alone = seconds_of_quiet(server, a_statement, 60)
    begun = time.time() // 60
    arguments = [str(server.port), basic("flood"), "3", str(CLIENTS), json.dumps(a_statement(id=None))]
    with subprocess.Popen([sys.executable, "-c", FLOOD, *arguments], stdout=subprocess.PIPE) as flood:
        time.sleep(0.5)
        beside = seconds_of_quiet(server, a_statement, 60)
        told = json.loads(flood.communicate(timeout=60)[0])
    minutes = time.time() // 60 - begun + 1
    assert set(told) == {"200", "429"}
    assert LIMIT * 0.9 <= told["200"] <= LIMIT * minutes
    assert told["429"] > LIMIT
    figures = {
        name: [round(1000 * cut, 1) for cut in (statistics.median(took), statistics.quantiles(took, n=20)[-1])]
        for name, took in (("alone", alone), ("beside", beside))
    }
    # Loose, since client, flood, server and database share what cores there are: without turns and limits, the quiet
    # key waits for all of the flood's connections before it.
    assert statistics.median(beside) < 10 * statistics.median(alone) + 0.05, figures
    assert statistics.quantiles(beside, n=20)[-1] < 10 * statistics.quantiles(alone, n=20)[-1] + 0.2, figures


def test_a_key_that_keeps_threads_busy_with_slow_bodies_leaves_one_to_others(serve, a_statement):
    head = (
        f"POST /xapi/statements HTTP/1.1\r\nHost: a\r\nAuthorization: {basic('flood')}\r\n"
        "X-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve(two_keys, LRS_THREADS="4", LRS_PROCESSES="1"))
        for _ in range(16):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
            slow.sendall(head.encode() + b"[")
        time.sleep(0.3)
        assert max(seconds_of_quiet(server, a_statement, 10)) < 5
