"""Where pymongo's exceptions end: inside ``translated()`` they leave as this project's own.

What may pass by itself (no primary, a lost connection, a deadline) becomes Unavailable: the caller may send the same
again. If it may have been stored all the same, it becomes OutcomeUnknown. Anything else is a defect of ours and passes
unchanged, to be answered with a 500 and a log line.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from lrs.errors import OutcomeUnknown, Unavailable

_PASSING = (ConnectionFailure, ExecutionTimeout, WTimeoutError, WaitQueueTimeoutError)
_PASSING_LABELS = (
    "TransientTransactionError",
    "UnknownTransactionCommitResult",
    "RetryableWriteError",
)
# HostUnreachable, HostNotFound, MaxTimeMSExpired, WriteConcernFailed, NetworkTimeout, ShutdownInProgress,
# WriteConflict, FailedToSatisfyReadPreference, ReadConcernMajorityNotAvailableYet, LockTimeout, NoSuchTransaction,
# PrimarySteppedDown, ExceededTimeLimit, SocketException, NotWritablePrimary, Interrupted..., NotPrimaryOrSecondary
_PASSING_CODES = frozenset(
    {
        6,
        7,
        24,
        46,
        50,
        64,
        89,
        91,
        112,
        133,
        134,
        189,
        225,
        251,
        262,
        290,
        9001,
        10107,
        11600,
        11601,
        11602,
        13435,
        13436,
    }
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable or OutcomeUnknown for every failure of MongoDB that may pass by itself."""
    try:
        yield
    except PyMongoError as error:
        if passes_by_itself(error):
            raise (Unavailable if _had_no_effect(error) else OutcomeUnknown) from error
        raise


def _had_no_effect(error: PyMongoError) -> bool:
    """Tell whether the server surely never got, or has undone, what was asked of it."""
    if error.has_error_label("UnknownTransactionCommitResult"):
        return False
    never_sent = isinstance(error, ServerSelectionTimeoutError | WaitQueueTimeoutError)
    return never_sent or error.has_error_label("TransientTransactionError")


def passes_by_itself(error: PyMongoError) -> bool:
    """Tell whether sending the same again may succeed without anybody's doing."""
    if isinstance(error, _PASSING) or error.timeout or any(map(error.has_error_label, _PASSING_LABELS)):
        return True
    return isinstance(error, OperationFailure) and error.code in _PASSING_CODES
