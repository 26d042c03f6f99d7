"""Signing in with a provider that is slow or down; all else that it should do is told beside the resource."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from lrs.errors import TooManyRequests, Unauthorized, Unavailable
from lrs.services import clocks
from lrs.services.issuers import Issuers
from lrs.services.limits import Attempts
from lrs.services.oidc import Answer, OidcService
from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.providers import ProviderService
from lrs.services.sessions import SessionService
from lrs.services.web import AT_ONCE, NoAnswer, Web
from lrs.store.organisations import Organisation
from lrs.store.providers import Provider, SignIn

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
ORG = b"\1" * 8
DISCOVERY = "/.well-known/openid-configuration"
SECONDS = 0.6


@pytest.fixture
def service(bare_store, identity_provider):
    """Make what signs people in with one provider, which describes itself in full."""
    bare_store.organisations.insert(Organisation("truong", ORG, "Trường"))
    issuer, now = identity_provider.issuer, clocks.now()
    places = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
    identity_provider.described = places
    provider = Provider(
        id="one",
        org=ORG,
        issuer=issuer,
        audience="x",
        scopes=frozenset(),
        jwks_uri=f"{issuer}/keys",
        fetched=now,
        created=now,
        sign_in=SignIn("client"),
    )
    assert bare_store.providers.insert(provider, b"{}")
    web, passwords, attempts = Web({"127.0.0.1"}, seconds=SECONDS), Passwords(), Attempts(bare_store.allowances, PEPPER)
    people = People(bare_store, PEPPER, passwords)
    sessions = SessionService(bare_store, PEPPER, HOME, people, passwords, attempts)
    providers = ProviderService(bare_store, web, PEPPER, HOME)
    issuers = Issuers(bare_store, web, PEPPER)
    return OidcService(bare_store, PEPPER, HOME, providers, issuers, web, sessions, attempts)


@pytest.mark.parametrize("habit", ["down", "nonsense"])
def test_a_provider_that_does_not_answer_is_left_alone_for_a_while(service, identity_provider, later, habit):
    identity_provider.habit = habit
    for _ in range(5):
        with pytest.raises(NoAnswer):
            service.begin("truong")
    assert identity_provider.fetches[DISCOVERY] == 1
    identity_provider.habit = "well"
    later(61)
    assert service.begin("truong").address.startswith(identity_provider.issuer)


@pytest.mark.parametrize("place", ["http://127.0.0.1/\r\nSet-Cookie: a=b", "https://[::1", "http://127.0.0.1/#x"])
def test_nobody_is_sent_to_what_is_no_address(service, identity_provider, place):
    identity_provider.described["authorization_endpoint"] = place
    with pytest.raises(NoAnswer):
        service.begin("truong")


def test_few_wait_for_a_slow_provider_and_all_others_are_told_at_once_to_come_again(service, identity_provider):
    identity_provider.habit = "drip"
    barrier = threading.Barrier(8)

    def begin(number):
        barrier.wait()
        begun = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            service.begin("truong", address=f"192.0.2.{number}")
        assert refused.value.retry_after > 0
        return time.monotonic() - begun

    with ThreadPoolExecutor(8) as threads:
        waited = sorted(threads.map(begin, range(8)))
    assert len([each for each in waited if each > SECONDS / 2]) <= AT_ONCE
    assert waited[-1] < 2 * SECONDS
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        service.begin("truong")
    assert time.monotonic() - begun < SECONDS / 2


def test_what_comes_to_nothing_is_counted_by_its_address(service, identity_provider):
    identity_provider.habit = "down"
    seen = []
    for _ in range(12):
        with pytest.raises((NoAnswer, TooManyRequests)) as refused:
            service.begin("truong", address="192.0.2.1")
        seen.append(refused.type)
    assert seen == [NoAnswer] * 10 + [TooManyRequests] * 2
    with pytest.raises(NoAnswer):
        service.begin("truong", address="192.0.2.2")


def test_sign_ins_that_let_nobody_in_are_counted_by_their_address_and_so_are_their_records(service, bare_store):
    seen = []
    for _ in range(12):
        with pytest.raises((Unauthorized, TooManyRequests)) as refused:
            come_back_refused(service)
        seen.append(refused.type)
    assert seen == [Unauthorized] * 10 + [TooManyRequests] * 2
    assert bare_store.database["audit"].count_documents({"action": "signin.failed"}) <= 10


def come_back_refused(service):
    begun = service.begin("truong", address="192.0.2.1")
    (state,) = parse_qs(urlsplit(begun.address).query)["state"]
    service.finish(begun.kept, Answer(state), address="192.0.2.1")
