"""Limits of callers, and of wrong secrets."""

import random
import statistics
import time
from dataclasses import replace

import pytest

from lrs.errors import PayloadTooLarge, TooManyRequests, Unauthorized
from lrs.services import clocks
from lrs.services.auth import Authenticator, digest
from lrs.services.limits import (
    FAILURES_ALTOGETHER,
    FAILURES_OF_KEY,
    LAUNCH_REQUESTS,
    LAUNCH_STATEMENTS,
    Attempts,
    RateLimits,
    network,
)
from lrs.services.principals import Launch, Limits, Principal
from lrs.services.setup import first_credential
from lrs.store.credentials import Credential

PEPPER = "a pepper of thirty-two characters!"
HERE, THERE = "203.0.113.7", "2001:db8::1"


@pytest.fixture(autouse=True)
def one_minute(monkeypatch):
    """Let no minute end in the middle of a test."""
    now = clocks.now()
    monkeypatch.setattr("lrs.services.clocks.now", lambda: now)


def caller(name="key", **limits):
    return Principal(b"12345678", name, frozenset({"all"}), b"{}", {}, limits=Limits(**limits))


def allowed(count, *given):
    """Call until it is refused; return how often it was not."""
    for times in range(1000):
        try:
            count(*given)
        except TooManyRequests:
            return times
    return None


@pytest.fixture
def limits(store):
    return RateLimits(store.allowances, PEPPER, requests=20, statements=100, address_requests=30)


def test_requests_are_counted_for_each_credential(limits):
    assert allowed(limits.request, caller("one")) == 20
    assert allowed(limits.request, caller("two")) == 20


def test_a_credential_may_have_limits_of_its_own_smaller_or_larger(limits):
    assert allowed(limits.request, caller("slow", requests=3)) == 3
    assert allowed(limits.request, caller("fast", requests=50)) == 50
    assert allowed(limits.statements, caller("slow", statements=7), 2) == 3


def launched(learner="lan", activity="https://hoc.example.vn/khoa", **limits):
    launch = Launch({"mbox": f"mailto:{learner}@hoc.example.vn"}, activity)
    return replace(caller(**limits), launch=launch)


def test_a_learners_browser_leaves_the_most_of_what_its_key_may_send(store):
    free = RateLimits(store.allowances, PEPPER, requests=1500, statements=10_000, address_requests=0)
    assert allowed(free.request, launched()) == LAUNCH_REQUESTS
    assert allowed(free.statements, launched(), 100) == LAUNCH_STATEMENTS / 100
    free.request(launched("minh"))
    free.request(launched(activity="https://hoc.example.vn/bai"))
    with pytest.raises(PayloadTooLarge, match=f"{LAUNCH_STATEMENTS} statements"):
        free.statements(launched("minh"), LAUNCH_STATEMENTS + 1)
    assert allowed(free.request, caller()) == 1500 - LAUNCH_REQUESTS - 2
    assert allowed(free.statements, caller(), 1000) == (10_000 - LAUNCH_STATEMENTS) / 1000


def test_a_launch_sends_no_more_than_half_of_what_its_key_may(limits):
    assert allowed(limits.request, launched()) == 10
    assert allowed(limits.request, caller()) == 10
    with pytest.raises(PayloadTooLarge, match="50 statements"):
        limits.statements(launched(), 51)
    assert allowed(limits.statements, launched(), 10) == 5
    assert allowed(limits.statements, caller(), 10) == 5


def test_all_launches_together_send_no_more_than_their_key_may(limits):
    assert [allowed(limits.request, launched(name)) for name in ("lan", "minh", "hoa")] == [10, 10, 0]


def test_a_launch_of_a_key_without_limits_has_them(store):
    free = RateLimits(store.allowances, PEPPER, requests=0, statements=0, address_requests=0)
    assert allowed(free.request, launched()) == LAUNCH_REQUESTS
    assert allowed(free.statements, launched(), 100) == LAUNCH_STATEMENTS / 100


def test_no_limit_is_no_limit(store):
    free = RateLimits(store.allowances, PEPPER, requests=0, statements=0, address_requests=0)
    for count, given in ((free.request, (caller(),)), (free.statements, (caller(), 9)), (free.address, (HERE,))):
        assert allowed(count, *given) is None
    assert allowed(free.request, caller(requests=2)) == 2


def test_a_batch_that_no_waiting_helps_is_too_large(limits):
    with pytest.raises(PayloadTooLarge, match="100 statements a minute"):
        limits.statements(caller(), 101)
    limits.statements(caller(), 100)


def test_addresses_are_counted_whoever_asks_and_a_network_of_one_subscriber_is_one(limits):
    assert allowed(limits.address, HERE) == 30
    assert allowed(limits.address, "2001:db8:1:2::1") == 30
    assert allowed(limits.address, "2001:db8:1:2:ffff::9") == 0
    assert allowed(limits.address, "2001:db8:1:3::1") == 30


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unknown", ""),
        ("_hidden", ""),
    ],
)
def test_what_counts_as_one_address(address, counted):
    assert network(address) == counted


@pytest.fixture
def attempts(store):
    return Attempts(store.allowances, PEPPER)


@pytest.fixture
def authenticator(store, attempts):
    first_credential(store, PEPPER, "key", "secret")
    return Authenticator(store, PEPPER, attempts=attempts)


def refused(authenticator, key, address, times=12):
    """Try wrong secrets; return what each was answered with."""
    answers = []
    for number in range(times):
        with pytest.raises((Unauthorized, TooManyRequests)) as met:
            authenticator.basic(key, f"guess {number}", address)
        answers.append(met.type)
    return answers


@pytest.mark.parametrize("key", ["key", "no key", "k" * 5000])
def test_ten_wrong_secrets_a_minute_from_one_address_whether_the_key_exists_or_not(authenticator, key):
    assert refused(authenticator, key, HERE) == [Unauthorized] * 10 + [TooManyRequests] * 2
    assert refused(authenticator, key, THERE, 1) == [Unauthorized]


def test_after_that_even_the_right_secret_is_not_looked_at(authenticator):
    refused(authenticator, "key", HERE)
    with pytest.raises(TooManyRequests):
        authenticator.basic("key", "secret", HERE)
    assert authenticator.basic("key", "secret", THERE).credential == "key"


def test_a_tool_whose_secret_was_right_before_cannot_be_locked_out(authenticator, monkeypatch):
    authenticator.basic("key", "secret", HERE)
    refused(authenticator, "key", HERE)
    assert authenticator.basic("key", "secret", HERE).credential == "key"
    later = time.clock_gettime(time.CLOCK_BOOTTIME) + 40
    monkeypatch.setattr("lrs.services.clocks.passed", lambda: later)
    assert authenticator.basic("key", "secret", HERE).credential == "key"


def test_a_hundred_wrong_secrets_a_minute_from_one_address_whatever_the_keys(authenticator):
    answers = [refused(authenticator, f"key {number}", HERE, 1)[0] for number in range(102)]
    assert answers == [Unauthorized] * 100 + [TooManyRequests] * 2


def test_a_right_secret_is_let_in_whatever_else_comes_from_its_address(store, authenticator):
    answers = [refused(authenticator, f"key {number}", HERE, 1)[0] for number in range(102)]
    assert answers[-1] is TooManyRequests
    assert authenticator.basic("key", "secret", HERE).credential == "key"
    assert Authenticator(store, PEPPER).basic("key", "secret", HERE).credential == "key"


@pytest.mark.parametrize("change", [{"disabled": True}, {"expires": 1}], ids=["disabled", "expired"])
def test_what_was_withdrawn_is_refused_and_no_guess(store, authenticator, change):
    store.credentials.change(store.credentials.find("key").org, "key", change)
    for _ in range(FAILURES_OF_KEY + 1):
        with pytest.raises(Unauthorized):
            authenticator.basic("key", "secret", HERE)


@pytest.mark.parametrize("key", ["key", "no-key"])
def test_a_thousand_wrong_secrets_a_minute_for_one_key_and_the_right_one_is_let_in_all_the_same(authenticator, key):
    answers = [refused(authenticator, key, f"2001:db8:1:{number:x}::1", 1)[0] for number in range(1002)]
    assert answers == [Unauthorized] * FAILURES_ALTOGETHER + [TooManyRequests] * 2
    assert refused(authenticator, "another key", HERE, 1) == [Unauthorized]
    assert authenticator.basic("key", "secret", HERE).credential == "key"


def test_processes_count_together(store, authenticator):
    other = Authenticator(store, PEPPER)
    answers = refused(authenticator, "key", HERE, 6) + refused(other, "key", HERE, 6)
    assert answers == [Unauthorized] * 10 + [TooManyRequests] * 2


def test_ten_wrong_passwords_in_a_quarter_of_an_hour_for_one_name_from_one_address(attempts):
    assert allowed(attempts.failed_name, "lan@example.vn", HERE) == 10
    with pytest.raises(TooManyRequests) as met:
        attempts.check_name("lan@example.vn", HERE)
    assert 1 <= met.value.retry_after <= 15 * 60 + 5
    attempts.check_name("lan@example.vn", THERE)
    attempts.check_name("other@example.vn", HERE)


def test_a_hundred_wrong_passwords_in_a_quarter_of_an_hour_for_one_name_from_wherever(attempts):
    for number in range(100):
        attempts.check_name("lan@example.vn", f"203.0.113.{number}")
        attempts.failed_name("lan@example.vn", f"203.0.113.{number}")
    with pytest.raises(TooManyRequests):
        attempts.check_name("lan@example.vn", THERE)
    attempts.check_name("other@example.vn", THERE)


def test_a_browser_of_somebody_is_shut_out_by_what_was_wrong_there_only(attempts):
    for number in range(100):
        attempts.failed_name("lan@example.vn", f"203.0.113.{number}")
    assert allowed(attempts.failed_name, "lan@example.vn", "203.0.113.1", "hers") == 10
    for browser in ("hers", ""):
        with pytest.raises(TooManyRequests):
            attempts.check_name("lan@example.vn", HERE, browser)
    attempts.check_name("lan@example.vn", HERE, "another of hers")


def test_addresses_that_try_many_names_are_refused_too(attempts):
    for number in range(100):
        attempts.failed_name(f"{number}@example.vn", HERE)
    with pytest.raises(TooManyRequests):
        attempts.check_name("other@example.vn", HERE)
    attempts.check_name("other@example.vn", THERE)


def test_machines_that_guess_keep_no_people_out_and_people_no_machines(attempts, authenticator):
    for number in range(101):
        refused(authenticator, f"key {number}", HERE, 1)
    attempts.check_name("lan@example.vn", HERE)
    attempts.check_code("invitations", HERE)
    for number in range(100):
        attempts.failed_name(f"{number}@example.vn", THERE)
    with pytest.raises(TooManyRequests):
        attempts.check_code("invitations", THERE)
    assert refused(authenticator, "key", THERE, 1) == [Unauthorized]


def test_ten_wrong_codes_a_minute_from_one_address(attempts):
    assert allowed(attempts.failed_code, "invitations", HERE) == 10
    with pytest.raises(TooManyRequests):
        attempts.check_code("invitations", HERE)
    attempts.check_code("invitations", THERE)


def test_the_time_of_a_refusal_does_not_tell_whether_a_key_exists(store, authenticator):
    first = store.credentials.find("key")
    keys = [f"key-{number:03}" for number in range(600)]
    known = set(keys[::2])
    for key in known:
        secret = digest(PEPPER.encode(), key, "secret")
        store.credentials.put(Credential(key, first.org, secret, first.scopes, first.authority))
    random.Random(7).shuffle(keys)
    times = {}
    for number, key in enumerate(keys):
        begin = time.perf_counter()
        refused(authenticator, key, f"10.0.{number >> 8}.{number & 255}", 1)
        times[key] = time.perf_counter() - begin
    # Mann-Whitney: how often a known key takes longer than an unknown one. Chance is within 0.5 ± 0.024 (one sigma).
    ranks = {key: rank for rank, key in enumerate(sorted(keys, key=times.__getitem__), 1)}
    larger = (sum(ranks[key] for key in known) - 300 * 301 / 2) / 300**2
    assert 0.4 < larger < 0.6, statistics.median(times.values())
