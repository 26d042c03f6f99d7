"""Requests to identity providers: small, quick, never redirected, and never to an address in the private network.

Who registers a provider chooses the address that this server then asks. So the address behind its name is looked at
before anything is sent there, and that very address is used. Hosts that the operator names are excepted.
"""

import http.client
import os
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, quote_plus, urlencode, urlsplit

from lrs.errors import Unavailable
from lrs.services import clocks

SECONDS: Final = 3.0
"""What one request may take, from looking the name up to the last byte of the answer."""
AT_ONCE: Final = 2
"""Requests of a process that wait for providers at the same time."""
_LOOKED_UP_AT_ONCE: Final = 16
LARGEST: Final = 256 * 1024
"""Bytes of an answer at most."""
_OK: Final = 200
# Addresses that hold another one inside (NAT64, mapped IPv4) lie outside of this, but for the two that are named below.
_UNICAST: Final = IPv6Network("2000::/3")
# As it stands in a header: neither blanks nor line ends, which urlsplit() would pass over.
_PLAIN: Final = re.compile("[!-~]+")
_FAILURES: Final = (OSError, http.client.HTTPException, ValueError)


class NoAnswer(Unavailable):
    """A provider could not be asked, or its answer is of no use; the title says why, and names no address inside."""

    title = "The identity provider gives no useful answer for the moment"


class Web:
    """Asks providers; one request takes ``seconds`` at most.

    ``private`` names hosts that may be in the private network, and on the loopback without TLS. ``at_once`` is how many
    threads that answer callers may wait here at the same time.
    """

    def __init__(self, private: Collection[str] = (), *, seconds: float = SECONDS, at_once: int = AT_ONCE) -> None:
        self.seconds = seconds
        self._private = frozenset(host.lower() for host in private)
        self._free = threading.BoundedSemaphore(at_once)
        self._lookups = threading.BoundedSemaphore(_LOOKED_UP_AT_ONCE)

    def is_private(self, host: str) -> bool:
        """Tell whether this host may be in the private network."""
        return host in self._private

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let the thread of somebody's request wait for a provider; raise Unavailable at once where others do so.

        Each that waits is lost to all others meanwhile: a provider that is slow must not keep this server from its
        work.
        """
        if not self._free.acquire(blocking=False):
            raise Unavailable("Too many requests wait for identity providers at this moment; try again", retry_after=2)
        try:
            yield
        finally:
            self._free.release()

    def get(self, url: str) -> bytes:
        """Return the body of the answer; raise NoAnswer for any but 200."""
        return self._ask("GET", url, None, {"Accept": "application/json"})

    def post(self, url: str, form: Mapping[str, str], *, user: str = "", password: str = "") -> bytes:
        """Return the body of the answer to a form, sent with HTTP Basic where ``user`` is given (RFC 6749, 2.3.1)."""
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if user:
            pair = f"{quote_plus(user)}:{quote_plus(password)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return self._ask("POST", url, urlencode(form), headers)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _ask(self, method: str, url: str, body: str | None, headers: Mapping[str, str]) -> bytes:
        parts = parts_of(url)
        asked = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        try:
            with self._connected(parts) as connection:
                connection.request(method, asked, body, {"Host": parts.netloc, **headers})
                response = connection.getresponse()
                answer = response.read(LARGEST + 1)
        except _FAILURES as error:
            raise NoAnswer(f"The identity provider does not answer ({type(error).__name__})") from error
        if response.status != _OK:
            raise NoAnswer(f"The identity provider answers with {response.status}; redirects are not followed")
        if len(answer) > LARGEST:
            raise NoAnswer(f"The identity provider's answer has more than {LARGEST} bytes")
        return answer

    @contextmanager
    def _connected(self, url: SplitResult) -> Iterator[http.client.HTTPConnection]:
        """Give a connection to the address that was looked at, with TLS for the name; all within the time there is."""
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        until = clocks.passed() + self.seconds
        address = self._address(url, self._looked_up(host, port))
        connection = http.client.HTTPConnection(host, port)
        plain = socket.create_connection((address, port), _left(until))
        with closing(plain), _limited(plain, _left(until)), closing(connection):
            connection.sock = self._tls.wrap_socket(plain, server_hostname=host) if url.scheme == "https" else plain
            yield connection

    def _looked_up(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses behind a name; raise TimeoutError, OSError.

        In a thread of its own, for nothing else ends a search for a name, whose servers may be a stranger's.
        """
        if not self._lookups.acquire(blocking=False):
            raise TimeoutError
        found: list[str] = []
        failed: list[OSError | ValueError] = []

        def look_up() -> None:
            try:
                answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found.extend(str(each[4][0]).partition("%")[0] for each in answers)
            except (OSError, ValueError) as error:
                failed.append(error)
            finally:
                self._lookups.release()

        searching = threading.Thread(target=look_up, daemon=True)
        searching.start()
        searching.join(self.seconds)
        if failed:
            raise failed[0]
        if not found:
            raise TimeoutError
        return found

    def _address(self, url: SplitResult, addresses: Sequence[str]) -> str:
        """Return the address to ask; raise NoAnswer where one of them may not be asked."""
        host = url.hostname or ""
        if self.is_private(host):
            good = url.scheme == "https" or all(ip_address(address).is_loopback for address in addresses)
        else:
            good = url.scheme == "https" and all(map(_is_public, addresses))
        if not good:
            raise NoAnswer(
                "The identity provider must be at a public address and speak https; the operator of this server may"
                " name hosts that need not, in LRS_PROVIDER_HOSTS"
            )
        return addresses[0]


def _left(until: float) -> float:
    """Return the seconds that are left; raise TimeoutError without any."""
    left = until - clocks.passed()
    if left <= 0:
        raise TimeoutError
    return left


@contextmanager
def _limited(connected: socket.socket, seconds: float) -> Iterator[None]:
    """Cut a connection off when its time is over: a timeout alone begins anew with every byte."""
    # A second handle: what belongs to TLS must not be touched by another thread.
    with closing(socket.socket(fileno=os.dup(connected.fileno()))) as handle:
        cut = threading.Event()
        guard = threading.Timer(seconds, _cut, [handle, cut])
        guard.daemon = True
        guard.start()
        try:
            yield
        finally:
            guard.cancel()
            guard.join()
    # Without a length, an answer that was cut off looks like one that has ended.
    if cut.is_set():
        raise TimeoutError


def _cut(handle: socket.socket, cut: threading.Event) -> None:
    cut.set()
    try:
        handle.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was faster
        return


def parts_of(url: str) -> SplitResult:
    """Return the parts of an address; raise NoAnswer for one that is none of a provider."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        good = host and _PLAIN.fullmatch(url) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise NoAnswer("This is no address of an identity provider") from error
    if not good or parts.scheme not in {"https", "http"} or parts.username is not None or "#" in url:
        raise NoAnswer("This is no address of an identity provider")
    return parts


def _is_public(address: str) -> bool:
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (found not in _UNICAST or found.sixtofour or found.teredo):
        return False
    return found.is_global and not found.is_multicast
