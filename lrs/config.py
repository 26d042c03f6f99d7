"""The settings of one process. This module is the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class BadSetting(ValueError):
    """A setting cannot be used; the message names it and says why. It ends the process before it serves."""


def _setting(name: str, doc: str, default: Any) -> Any:
    return field(default=default, metadata={"env": name, "doc": doc})


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that can be set, one field each; ``metadata`` holds the variable's name and its meaning."""

    host: str = _setting("LRS_HOST", "Address the server listens on.", "127.0.0.1")
    port: int = _setting("PORT", "Port the server listens on.", 8080)
    data: Path = _setting("LRS_DATA", "Folder of the private database of `lrs up`.", Path("data"))
    key: str = _setting("LRS_KEY", "Key of the first credential; made and printed when absent.", "")
    secret: str = _setting("LRS_SECRET", "Secret of the first credential; made and printed when absent.", "")
    mongodb_uri: str = _setting("LRS_MONGODB_URI", "MongoDB to use; when absent `lrs up` starts its own.", "")
    database: str = _setting("LRS_DATABASE", "Name of the MongoDB database.", "lrs")
    pepper: str = _setting(
        "LRS_PEPPER", "Secret of 32 characters or more that keys the hashes of credentials and signs links.", ""
    )
    public_url: str = _setting("LRS_PUBLIC_URL", "Address people reach the server by, with its path prefix.", "")
    default_version: str = _setting(
        "LRS_DEFAULT_VERSION", "xAPI version of answers to requests that name none: 1.0.3 or 2.0.0.", "2.0.0"
    )
    processes: int = _setting("LRS_PROCESSES", "Server processes; 0 is one per core.", 0)
    threads: int = _setting("LRS_THREADS", "Threads, and so requests at once, per server process.", 16)
    deadline: float = _setting("LRS_DEADLINE", "Seconds a request may take in the store before it ends in 503.", 10.0)
    page: int = _setting("LRS_PAGE", "Statements on one page at most, and when no limit is asked.", 500)
    max_body: int = _setting("LRS_MAX_BODY", "Bytes of a request's body at most, attachments apart.", 16 * 1024**2)
    max_statement: int = _setting("LRS_MAX_STATEMENT", "Bytes of one statement at most.", 1024**2)
    max_batch: int = _setting("LRS_MAX_BATCH", "Statements in one request at most.", 1000)
    max_attachments: int = _setting(
        "LRS_MAX_ATTACHMENTS", "Bytes of all attachments of one request at most.", 256 * 1024**2
    )
    log_level: str = _setting("LRS_LOG_LEVEL", "debug, info, warning or error.", "info")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Config":
        """Read the settings; raise BadSetting for one that cannot be used. An empty variable counts as absent."""
        found = os.environ if environ is None else environ  # noqa: TID251
        given = {f.name: _read(f, found[f.metadata["env"]]) for f in fields(cls) if found.get(f.metadata["env"])}
        return cls(**given)


def _read(f: Any, text: str) -> Any:
    try:
        return f.type(text)
    except ValueError as error:
        raise BadSetting(f"{f.metadata['env']} must be a {f.type.__name__}, not {text!r}") from error
