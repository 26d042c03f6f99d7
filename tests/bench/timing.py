"""Does the time of a refusal tell whether a key exists? python tests/bench/timing.py [samples]

Wrong secrets for keys that exist and keys that do not, in random order, each from an address of its own; then all
again. Mann-Whitney's z of the two groups of times says how far apart they are: up to 3 or so is chance; ``larger`` is
how often a known key took longer than an unknown one: 50 % where nothing can be learned.
"""

import contextlib
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from lrs.embedded import PrivateMongod
from lrs.errors import Unauthorized
from lrs.services.audit import sealed_with
from lrs.services.auth import Authenticator, digest
from lrs.services.setup import first_credential
from lrs.store import Store, open_store
from lrs.store.credentials import Credential

PEPPER = "a pepper for the bench, of 32 characters or more"


def prepare(store: Store, samples: int) -> list[tuple[str, bool]]:
    """Store every other of the keys; return all of them, each with whether it exists, in random order."""
    store.migrate()
    first_credential(store, PEPPER, "first", "secret")
    org = store.credentials.find("first")
    keys = [(f"key-{number:06}", number % 2 == 0) for number in range(2 * samples)]
    for key, exists in keys:
        if exists:
            secret = digest(PEPPER.encode(), key, "secret")
            store.credentials.put(Credential(key, org.org, secret, org.scopes, org.authority))
    Random(7).shuffle(keys)
    return keys


def refusals(authenticator: Authenticator, keys: list[tuple[str, bool]]) -> tuple[list[float], list[float]]:
    """Return the seconds that refusals took for keys that exist and for those that do not."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for number, (key, exists) in enumerate(keys):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        start = time.perf_counter()
        with contextlib.suppress(Unauthorized):
            authenticator.basic(key, "wrong", address)
        took[exists].append(time.perf_counter() - start)
    return took[True], took[False]


def rank_test(one: list[float], other: list[float]) -> tuple[float, float]:
    """Return Mann-Whitney's z, and the part of all pairs in which ``one`` is larger."""
    ranks = {value: rank for rank, value in enumerate(sorted(one + other), 1)}
    n, m = len(one), len(other)
    larger = sum(ranks[value] for value in one) - n * (n + 1) / 2
    return (larger - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12), larger / (n * m)


def main() -> None:
    """Measure and print."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with (
        tempfile.TemporaryDirectory() as folder,
        PrivateMongod(Path(folder)) as mongod,
        contextlib.closing(open_store(mongod.uri, "timing", seal=sealed_with(PEPPER))) as store,
    ):
        keys = prepare(store, samples)
        authenticator = Authenticator(store, PEPPER)
        refusals(authenticator, keys[:200])
        for turn in ("first", "again"):
            known, unknown = refusals(authenticator, keys)
            z, larger = rank_test(known, unknown)
            medians = ", ".join(f"{statistics.median(times) * 1e6:.0f}" for times in (known, unknown))
            sys.stdout.write(f"{turn}: median µs known, unknown: {medians}; z {z:+.2f}, larger {larger:.1%}\n")


if __name__ == "__main__":
    main()
