"""The data folder of `lrs up`: one run at a time, room on its disk, and the secrets made at the first start."""

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lrs import messages
from lrs.config import Config
from lrs.messages import StartFailed

NEEDED_MB = 1024
PATIENCE = 3.0
MEGABYTE = 1024**2
KEPT = {"LRS_KEY": 12, "LRS_SECRET": 32, "LRS_PEPPER": 32}


@contextlib.contextmanager
def taken(folder: Path, needed_mb: int = NEEDED_MB) -> Iterator[None]:
    """Hold the folder for this run, made if need be; raise StartFailed if it is in use, or its disk too full."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise StartFailed(messages.DATA_REFUSED, folder=folder, reason=error.strerror or str(error)) from error
    with lock:
        _lock(lock.fileno(), folder)
        free = shutil.disk_usage(folder).free // MEGABYTE
        if free < needed_mb:
            raise StartFailed(messages.DISK_FULL, folder=folder, free=free, needed=needed_mb)
        yield


def with_secrets(config: Config) -> Config:
    """Return the settings with key, secret and pepper, made up where they are absent and kept in the data folder."""
    file = config.data / "secrets.env"
    kept = _read(file)
    lacking = {name: secrets.token_hex(size) for name, size in KEPT.items() if name not in kept}
    if lacking:
        _write(file, kept | lacking)
    kept |= lacking
    return replace(
        config,
        key=config.key or kept["LRS_KEY"],
        secret=config.secret or kept["LRS_SECRET"],
        pepper=config.pepper or kept["LRS_PEPPER"],
    )


def _lock(file: int, folder: Path) -> None:
    """Lock, with patience for a run that is just ending."""
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() > until:
            raise StartFailed(messages.DATA_IN_USE, folder=folder)
        time.sleep(0.1)


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    lines = (line.partition("=") for line in file.read_text("utf-8").splitlines())
    return {name: value for name, equals, value in lines if equals}


def _write(file: Path, values: dict[str, str]) -> None:
    """Write all or nothing, for nobody else to read; on the disk before anything is made with them."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.writelines(f"{name}={value}\n" for name, value in values.items())
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
