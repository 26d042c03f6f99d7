"""How much a caller may send in a minute, and how often somebody may try a wrong secret.

What is refused costs no work in the database.
"""

import hmac
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Final

from lrs.errors import PayloadTooLarge, TooManyRequests
from lrs.services.meters import Meters
from lrs.services.principals import Launch, Principal
from lrs.store.allowances import Allowances
from schemas.xapi.keys import agent_key

FAILURES_OF_KEY: Final = 10
"""Wrong secrets a minute for one key from one address."""
FAILURES_OF_ADDRESS: Final = 100
"""Wrong secrets a minute from one address; people who sign in and machines are counted apart."""
FAILURES_ALTOGETHER: Final = 1000
"""Wrong secrets a minute for one key, from wherever."""
FAILURES_OF_NAME: Final = 10
"""Wrong passwords in a quarter of an hour for one name from one address, or in a browser where it signed in before."""
FAILURES_OF_NAME_ALTOGETHER: Final = 100
"""Wrong passwords in a quarter of an hour for one name, from wherever."""
LAUNCH_REQUESTS: Final = 600
LAUNCH_STATEMENTS: Final = 2000
"""What one learner's browser may send a minute: more than any content does, and at most half of what its key may."""
_QUARTER: Final = 15 * 60
_LONGEST: Final = 250
_GUESSING: Final = "There were too many wrong attempts to sign in; try again later"


class RateLimits:
    """The limits of one process, the same for all of them together; each a minute, 0 for none.

    ``requests`` and ``statements`` are those of a credential that has no limits of its own.
    """

    def __init__(
        self, allowances: Allowances, pepper: str, *, requests: int, statements: int, address_requests: int
    ) -> None:
        self._meters = Meters(allowances, _meter_key(pepper))
        self._requests = requests
        self._statements = statements
        self._address_requests = address_requests

    def address(self, address: str) -> None:
        """Count a request from an address, whoever sends it; raise TooManyRequests."""
        self._spend(f"address {network(address)}", 1, self._address_requests, "requests from one address")

    def request(self, principal: Principal) -> None:
        """Count a request, in a launch for the launch and for its key; raise TooManyRequests."""
        own = principal.limits.requests
        limit = self._requests if own is None else own
        if (launch := principal.launch) is not None:
            subject = f"launch requests {principal.credential} {_one_of(launch)}"
            self._spend(subject, 1, _share(limit, LAUNCH_REQUESTS), "requests of one launch")
        self._spend(f"requests {principal.credential}", 1, limit, "requests of one credential")

    def statements(self, principal: Principal, count: int) -> None:
        """Count statements before they are stored; raise TooManyRequests, PayloadTooLarge where waiting is no help."""
        own = principal.limits.statements
        limit = self._statements if own is None else own
        launch = principal.launch
        most = limit if launch is None else _share(limit, LAUNCH_STATEMENTS)
        if most and count > most:
            raise PayloadTooLarge(f"This credential may send {most} statements a minute, so no more in one request")
        if launch is not None:
            subject = f"launch statements {principal.credential} {_one_of(launch)}"
            self._spend(subject, count, most, "statements of one launch")
        self._spend(f"statements {principal.credential}", count, limit, "statements of one credential")

    def _spend(self, subject: str, amount: int, limit: int, what: str) -> None:
        if limit and not self._meters.spend(subject, amount, limit):
            raise TooManyRequests(f"At most {limit} {what} are taken a minute", retry_after=self._meters.retry_after())


class Attempts:
    """Counts wrong secrets, of known and unknown names alike.

    Whoever checks a secret calls ``check`` before and ``failed`` after a wrong one. Another process learns of the end
    of an allowance by a failure of its own, so right secrets may get through once more a process.
    """

    def __init__(self, allowances: Allowances, pepper: str) -> None:
        key = _meter_key(pepper)
        self._minute = Meters(allowances, key)
        self._quarter = Meters(allowances, key, seconds=_QUARTER)

    def check(self, key: str, address: str) -> None:
        """Raise TooManyRequests where too many wrong secrets came for this key from this address.

        Not where they came for other keys, or from elsewhere: behind one address there may be many machines, and
        whoever guesses must not keep those out that know.
        """
        if self._minute.is_spent(_of_key(key, address)):
            raise self._guessing(self._minute)

    def failed(self, key: str, address: str) -> None:
        """Count a wrong secret; raise TooManyRequests where it was one too many, for whatever reason."""
        counted = (
            self._minute.spend(_of_key(key, address), 1, FAILURES_OF_KEY),
            self._minute.spend(f"failures {network(address)}", 1, FAILURES_OF_ADDRESS),
            self._minute.spend(f"failures of {key[:_LONGEST]}", 1, FAILURES_ALTOGETHER),
        )
        if not all(counted):
            raise self._guessing(self._minute)

    def check_code(self, kind: str, address: str) -> None:
        """Raise TooManyRequests where too many wrong codes of this kind came from this address, or too many guesses.

        A code names nobody, so there is nothing else to count by.
        """
        if any(self._minute.is_spent(subject) for subject, _ in _of_code(kind, address)):
            raise self._guessing(self._minute)

    def failed_code(self, kind: str, address: str) -> None:
        """Count a wrong code; raise TooManyRequests where it was one too many."""
        counted = [self._minute.spend(subject, 1, most) for subject, most in _of_code(kind, address)]
        if not all(counted):
            raise self._guessing(self._minute)

    def check_name(self, name: str, address: str, browser: str = "") -> None:
        """Raise TooManyRequests where too many wrong passwords came for this name, or from this address.

        ``browser`` tells one in which this name signed in before: of it, only what was wrong there counts.
        """
        for meters, subject, _ in self._of_name(name, address, browser):
            if meters.is_spent(subject):
                raise self._guessing(meters)

    def failed_name(self, name: str, address: str, browser: str = "") -> None:
        """Count a wrong password; raise TooManyRequests where it was one too many."""
        counted = [
            (meters, meters.spend(subject, 1, most)) for meters, subject, most in self._of_name(name, address, browser)
        ]
        for meters, is_counted in counted:
            if not is_counted:
                raise self._guessing(meters)

    def _of_name(self, name: str, address: str, browser: str) -> tuple[tuple[Meters, str, int], ...]:
        of_name = f"name {blake2b(name.encode(), digest_size=16).hexdigest()}"
        if browser:
            return ((self._quarter, f"{of_name} in {browser}", FAILURES_OF_NAME),)
        return (
            (self._quarter, f"{of_name} {network(address)}", FAILURES_OF_NAME),
            (self._quarter, of_name, FAILURES_OF_NAME_ALTOGETHER),
            (self._minute, _of_people(address), FAILURES_OF_ADDRESS),
        )

    def is_news(self, what: str) -> bool:
        """Tell whether this is asked for the first time in this minute."""
        return self._minute.spend(f"news {what}", 1, 1)

    @staticmethod
    def _guessing(meters: Meters) -> TooManyRequests:
        return TooManyRequests(_GUESSING, retry_after=meters.retry_after())


@lru_cache(4096)
def network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 one, which is one subscriber's."""
    # Some proxies add the port.
    host = address[1:].partition("]")[0] if address.startswith("[") else address
    host = host.partition(":")[0] if host.count(":") == 1 else host
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)


def _share(limit: int, most: int) -> int:
    """Return what a launch may send of a key's limit."""
    return min(most, max(1, limit // 2)) if limit else most


def _one_of(launch: Launch) -> str:
    """Return what tells a learner's launches of an activity from others."""
    return blake2b(agent_key(launch.agent) + launch.activity.encode(), digest_size=16).hexdigest()


def _meter_key(pepper: str) -> bytes:
    return hmac.digest(pepper.encode(), b"allowances", "sha256")


def _of_key(key: str, address: str) -> str:
    return f"failures {network(address)} {key[:_LONGEST]}"


def _of_people(address: str) -> str:
    return f"people {network(address)}"


def _of_code(kind: str, address: str) -> tuple[tuple[str, int], ...]:
    of_people = _of_people(address)
    return (f"{of_people} {kind}", FAILURES_OF_KEY), (of_people, FAILURES_OF_ADDRESS)
