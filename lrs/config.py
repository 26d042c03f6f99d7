"""The settings of one process. This module is the only reader of the environment."""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lrs import messages
from lrs.messages import StartFailed, Text


class BadSetting(StartFailed):
    """A setting cannot be used; the message names it and says why. It ends the process before it serves."""


@dataclass(frozen=True)
class _Rule:
    """What a value must be: a test for it, and the sentence for a value that fails."""

    holds: Callable[[Any], object]
    text: Text


def _like(pattern: str, text: Text) -> _Rule:
    return _Rule(re.compile(pattern).fullmatch, text)


_PORT = _Rule(range(1, 65536).__contains__, messages.MUST_BE_PORT)
_SOME = _Rule(lambda number: 0 < number < float("inf"), messages.MUST_BE_POSITIVE)
_DOCUMENT = _Rule(range(1, 15 * 1024**2 + 1).__contains__, messages.MUST_BE_DOCUMENT)
_LIMIT = _Rule(lambda number: 0 <= number < 2**53, messages.MUST_BE_LIMIT)
_LIFETIME = _Rule(range(60, 86401).__contains__, messages.MUST_BE_LIFETIME)
_PROXIES = _Rule(range(11).__contains__, messages.MUST_BE_PROXIES)
_PROCESSES = _Rule(range(1025).__contains__, messages.MUST_BE_PROCESSES)
_VERSION = _like(r"1\.0\.3|2\.0\.0", messages.MUST_BE_VERSION)
_LEVEL = _like("debug|info|warning|error", messages.MUST_BE_LEVEL)
_PEPPER = _like(r"|(?s:.{32,})", messages.MUST_BE_LONG)
_TOKEN = _like(r"|[!-~]{16,500}", messages.MUST_BE_TOKEN)
_URI = _like(r"|mongodb(\+srv)?://.+", messages.MUST_BE_MONGODB)
_DATABASE = _like(r"[A-Za-z0-9_-]{1,63}", messages.MUST_BE_DATABASE)
_URL = _like(r"|https?://[^\s?#]+", messages.MUST_BE_URL)
# What HTTP Basic can carry (RFC 7617), kept to what every client encodes alike.
_KEY = _like(r"[!-9;-~]{0,200}", messages.MUST_BE_KEY)
_SECRET = _like(r"[ -~]{0,200}", messages.MUST_BE_SECRET)
# As browsers write them (RFC 6454): small letters, no path.
_ORIGINS = _like(r"(?:(?:\*|null|[a-z][a-z0-9+.-]*://[^\s/?#A-Z]*)(?: +|$))*", messages.MUST_BE_ORIGINS)
_HOSTS = _like(r"(?:[a-z0-9.:-]+(?: +|$))*", messages.MUST_BE_HOSTS)
# Secrets are kept as a quick hash: it is their length that makes guessing hopeless.
_STRONG = 16
_NAMES = _like(r"(?:[a-z0-9-]+(?: +|$))*", messages.MUST_BE_NAMES)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return False
    return True


_ZONE = _Rule(_is_zone, messages.MUST_BE_ZONE)


def _setting(name: str, doc: str, default: Any, rule: _Rule | None = None) -> Any:
    read = Path if default is None else type(default)
    shown = rule not in {_SECRET, _PEPPER, _TOKEN, _URI}
    return field(default=default, repr=shown, metadata={"env": name, "doc": doc, "rule": rule, "read": read})


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that can be set, one field each; ``metadata`` holds the variable's name and its meaning."""

    host: str = _setting("LRS_HOST", "Address the server listens on.", "127.0.0.1")
    port: int = _setting("PORT", "Port the server listens on.", 8080, _PORT)
    data: Path = _setting("LRS_DATA", "Folder of the private database of `lrs up`.", Path("data"))  # noqa: RUF009 - a Path never changes
    room: Path | None = _setting(  # noqa: RUF009 - a Path never changes
        "LRS_ROOM", "Folder whose free space is watched: writes stop before the disk is full. `lrs up` sets it.", None
    )
    key: str = _setting("LRS_KEY", "Key of the first credential; made and printed when absent.", "", _KEY)
    secret: str = _setting("LRS_SECRET", "Secret of the first credential; made and printed when absent.", "", _SECRET)
    origins: str = _setting(
        "LRS_ORIGINS",
        "Origins, such as https://content.example.vn, whose pages may read answers to the first credential; * for all.",
        "",
        _ORIGINS,
    )
    leniency: str = _setting("LRS_LENIENCY", "Relaxations granted to the first credential, by name.", "", _NAMES)
    mongodb_uri: str = _setting("LRS_MONGODB_URI", "MongoDB to use; when absent `lrs up` starts its own.", "", _URI)
    database: str = _setting("LRS_DATABASE", "Name of the MongoDB database.", "lrs", _DATABASE)
    pepper: str = _setting(
        "LRS_PEPPER",
        "Secret of 32 characters or more that keys the hashes of credentials and signs links.",
        "",
        _PEPPER,
    )
    public_url: str = _setting("LRS_PUBLIC_URL", "Address people reach the server by, with its path prefix.", "", _URL)
    default_version: Literal["1.0.3", "2.0.0"] = _setting(
        "LRS_DEFAULT_VERSION", "xAPI version of answers to requests that name none: 1.0.3 or 2.0.0.", "2.0.0", _VERSION
    )
    processes: int = _setting("LRS_PROCESSES", "Server processes; 0 is one per core.", 0, _PROCESSES)
    threads: int = _setting("LRS_THREADS", "Threads, and so requests at once, per server process.", 16, _SOME)
    deadline: float = _setting(
        "LRS_DEADLINE", "Seconds a request may take in the store before it ends in 503.", 10.0, _SOME
    )
    page: int = _setting("LRS_PAGE", "Statements on one page at most, and when no limit is asked.", 500, _SOME)
    max_body: int = _setting(
        "LRS_MAX_BODY", "Bytes of a request's body at most, attachments apart.", 16 * 1024**2, _SOME
    )
    max_statement: int = _setting(
        "LRS_MAX_STATEMENT", "Bytes of one statement at most; 15 MiB can be set.", 1024**2, _DOCUMENT
    )
    max_batch: int = _setting("LRS_MAX_BATCH", "Statements in one request at most.", 1000, _SOME)
    max_document: int = _setting(
        "LRS_MAX_DOCUMENT", "Bytes of one state or profile document at most; 15 MiB can be set.", 8 * 1024**2, _DOCUMENT
    )
    max_attachments: int = _setting(
        "LRS_MAX_ATTACHMENTS", "Bytes of all attachments of one request at most.", 256 * 1024**2, _SOME
    )
    requests_per_minute: int = _setting(
        "LRS_REQUESTS_PER_MINUTE",
        "Requests a minute of one credential that has no limit of its own; 0 is no limit.",
        60_000,
        _LIMIT,
    )
    statements_per_minute: int = _setting(
        "LRS_STATEMENTS_PER_MINUTE",
        "Statements a minute of one credential that has no limit of its own; 0 is no limit.",
        1_200_000,
        _LIMIT,
    )
    address_requests_per_minute: int = _setting(
        "LRS_ADDRESS_REQUESTS_PER_MINUTE", "Requests a minute from one address; 0 is no limit.", 120_000, _LIMIT
    )
    proxies: int = _setting(
        "LRS_PROXIES",
        "Trusted proxies in front, each of which adds the address it was asked from to X-Forwarded-For.",
        0,
        _PROXIES,
    )
    token_lifetime: int = _setting(
        "LRS_TOKEN_LIFETIME", "Seconds that a token from /oauth/token lasts, 60 to 86400.", 3600, _LIFETIME
    )
    provider_hosts: str = _setting(
        "LRS_PROVIDER_HOSTS",
        "Hosts of identity providers that may be in the private network, and on the loopback without https.",
        "",
        _HOSTS,
    )
    partner_hosts: str = _setting(
        "LRS_PARTNER_HOSTS",
        "Hosts of partners that may be in the private network, and on the loopback without https.",
        "",
        _HOSTS,
    )
    timezone: str = _setting(
        "LRS_TIMEZONE", "Time zone in which days and months of reports begin.", "Asia/Ho_Chi_Minh", _ZONE
    )
    audit_anchors: Path | None = _setting(  # noqa: RUF009 - a Path never changes
        "LRS_AUDIT_ANCHORS",
        "File outside the database that the worker writes the heads of the audit to; without it, they are logged.",
        None,
    )
    erasures: Path | None = _setting(  # noqa: RUF009 - a Path never changes
        "LRS_ERASURES",
        "File outside the database that the worker writes the journal of erasures to, for after a restore.",
        None,
    )
    metrics_token: str = _setting(
        "LRS_METRICS_TOKEN",
        "Token of 16 characters or more that /metrics is read with; without it there is no /metrics.",
        "",
        _TOKEN,
    )
    log_level: str = _setting("LRS_LOG_LEVEL", "debug, info, warning or error.", "info", _LEVEL)

    def __post_init__(self) -> None:
        """Raise BadSetting for a value that cannot be used, wherever it came from."""
        for f in fields(self):
            rule: _Rule | None = f.metadata["rule"]
            if rule and not rule.holds(getattr(self, f.name)):
                raise BadSetting(rule.text, name=f.metadata["env"])
        if 0 < len(self.secret) < _STRONG and not self.is_private:
            raise BadSetting(messages.MUST_BE_STRONG, name="LRS_SECRET")

    def needing(self, *names: str) -> "Config":
        """Return these settings; raise BadSetting if one of ``names`` is absent."""
        for f in fields(self):
            if f.name in names and not getattr(self, f.name):
                raise BadSetting(messages.MISSING, name=f.metadata["env"], doc=f.metadata["doc"])
        return self

    @property
    def is_private(self) -> bool:
        """Whether only this machine reaches the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def home_page(self) -> str:
        """Address that stands for this server in authorities: the public one, else where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def graceful(self) -> int:
        """Seconds that a process gets to end what it has begun: more than a request may take."""
        return math.ceil(self.deadline) + 5

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **defaults: Any) -> "Config":
        """Read the settings; raise BadSetting for one that cannot be used. An empty variable counts as absent.

        ``defaults`` take the place of the usual ones.
        """
        found = os.environ if environ is None else environ  # noqa: TID251 - the one place
        given = {f.name: _read(f, found[f.metadata["env"]]) for f in fields(cls) if found.get(f.metadata["env"])}
        return cls(**defaults | given)


def as_environment(config: Config, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment from which a child process reads the same settings as ``config``."""
    found = os.environ if environ is None else environ  # noqa: TID251 - the one place
    values = {f.metadata["env"]: getattr(config, f.name) for f in fields(config)}
    return {**found, **{name: "" if value is None else str(value) for name, value in values.items()}}


def language(environ: Mapping[str, str] | None = None) -> str:
    """Return the language to speak to people: "vi" when the locale says so, else "en"."""
    found = os.environ if environ is None else environ  # noqa: TID251 - the one place
    names = (found.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    return "vi" if re.match(r"vi([_.@]|$)", locale, re.IGNORECASE) else "en"


def _read(f: Any, text: str) -> Any:
    try:
        return f.metadata["read"](text)
    except ValueError as error:
        raise BadSetting(messages.MUST_BE_NUMBER, name=f.metadata["env"]) from error
