"""Requests to others, providers and partners: never redirected, and never to an address in the private network.

Who registers one of them chooses the address that this server then asks. So the address behind its name is looked at
before anything is sent there, and that very address is used. Hosts that the operator names are excepted.
"""

import http.client
import os
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import IO, Final, NamedTuple
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
_CHUNK: Final = 128 * 1024
# Addresses that hold another one inside (NAT64, mapped IPv4) lie outside of this, but for the two that are named below.
_UNICAST: Final = IPv6Network("2000::/3")
# As it stands in a header: neither blanks nor line ends, which urlsplit() would pass over.
_PLAIN: Final = re.compile("[!-~]+")
_FAILURES: Final = (OSError, http.client.HTTPException, ValueError)


class NoAnswer(Unavailable):
    """Somebody could not be asked, or the answer is of no use; the title says why, and names no address inside."""

    title = "The identity provider gives no useful answer for the moment"


class Called(NamedTuple):
    """Who is asked, in sentences, and the setting that names those hosts of them that may be inside."""

    whom: str
    setting: str


PROVIDER: Final = Called("identity provider", "LRS_PROVIDER_HOSTS")
PARTNER: Final = Called("partner", "LRS_PARTNER_HOSTS")


class Reply(NamedTuple):
    """An answer of any status; names of ``headers`` are in small letters. ``body`` is empty where it went elsewhere."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web:
    """Asks those who are ``called`` something; one request takes ``seconds`` at most.

    ``private`` names hosts that may be in the private network, and on the loopback without TLS. ``at_once`` is how many
    threads that answer callers may wait here at the same time.
    """

    def __init__(
        self,
        private: Collection[str] = (),
        *,
        seconds: float = SECONDS,
        at_once: int = AT_ONCE,
        called: Called = PROVIDER,
    ) -> None:
        self.seconds = seconds
        self._called = called
        self._private = frozenset(host.lower() for host in private)
        self._free = threading.BoundedSemaphore(at_once)
        self._lookups = threading.BoundedSemaphore(_LOOKED_UP_AT_ONCE)

    def is_private(self, host: str) -> bool:
        """Tell whether this host may be in the private network."""
        return host in self._private

    def require(self, url: str) -> None:
        """Raise NoAnswer for an address that can never be asked, as far as that is known without looking a name up."""
        parts = parts_of(url, self._called.whom)
        self._permit(parts, _written(parts.hostname or ""))

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
        whom = self._called.whom
        reply = self.exchange(method, url, None if body is None else body.encode(), headers)
        if reply.status != _OK:
            raise NoAnswer(f"The {whom} answers with {reply.status}; redirects are not followed")
        return reply.body

    def exchange(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        url: str,
        body: bytes | Iterable[bytes] | None,
        headers: Mapping[str, str],
        *,
        largest: int = LARGEST,
        into: IO[bytes] | None = None,
    ) -> Reply:
        """Return the answer, whatever its status; raise NoAnswer without one, and for more than ``largest`` bytes.

        A body in pieces needs a Content-Length among the headers. The body of a 200 goes ``into`` a file, if one is
        given.
        """
        whom, parts = self._called.whom, parts_of(url, self._called.whom)
        asked = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        try:
            with self._connected(parts) as connection:
                _send(connection, method, asked, body, {"Host": parts.netloc, **headers})
                response = connection.getresponse()
                found = {name.lower(): value for name, value in response.getheaders()}
                if into is None or response.status != _OK:
                    answer = response.read(largest + 1)
                    size = len(answer)
                else:
                    answer, size = b"", _copied(response, into, largest)
        except _FAILURES as error:
            raise NoAnswer(f"The {whom} does not answer ({type(error).__name__})") from error
        if size > largest:
            raise NoAnswer(f"The {whom}'s answer has more than {largest} bytes")
        return Reply(response.status, found, answer)

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
        self._permit(url, addresses)
        return addresses[0]

    def _permit(self, url: SplitResult, addresses: Sequence[str]) -> None:
        host = url.hostname or ""
        if self.is_private(host):
            good = url.scheme == "https" or all(ip_address(address).is_loopback for address in addresses)
        else:
            good = url.scheme == "https" and all(map(_is_public, addresses))
        if not good:
            whom, setting = self._called
            raise NoAnswer(
                f"The {whom} must be at a public address and speak https; the operator of this server may name hosts"
                f" that need not, in {setting}"
            )


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    asked: str,
    body: bytes | Iterable[bytes] | None,
    headers: Mapping[str, str],
) -> None:
    """Send a request; who refuses one before its end may have closed by then, and is heard nevertheless."""
    connection.putrequest(method, asked, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if isinstance(body, bytes):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    with suppress(BrokenPipeError, ConnectionResetError):
        for data in (body,) if isinstance(body, bytes) else body or ():
            connection.send(data)


def _copied(response: http.client.HTTPResponse, into: IO[bytes], largest: int) -> int:
    """Write an answer into a file; return its bytes, up to one more than the most."""
    size = 0
    while size <= largest and (data := response.read(min(_CHUNK, largest + 1 - size))):
        size += into.write(data)
    return size


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


def parts_of(url: str, whom: str = PROVIDER.whom) -> SplitResult:
    """Return the parts of an address; raise NoAnswer for one that nobody can be asked at."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        good = host and _PLAIN.fullmatch(url) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise NoAnswer(f"This is no address of {_a(whom)}") from error
    if not good or parts.scheme not in {"https", "http"} or parts.username is not None or "#" in url:
        raise NoAnswer(f"This is no address of {_a(whom)}")
    return parts


def _a(whom: str) -> str:
    return f"an {whom}" if whom[0] in "aeiou" else f"a {whom}"


def _written(host: str) -> list[str]:
    """Return the address that a host is, in any of the ways to write one; none where it is a name."""
    try:
        address = host.partition("%")[0]
        answers = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError):
        return []
    return [str(each[4][0]) for each in answers]


def _is_public(address: str) -> bool:
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (found not in _UNICAST or found.sixtofour or found.teredo):
        return False
    return found.is_global and not found.is_multicast
