"""Where pymongo's exceptions end: inside ``translated()`` they leave as this project's own.

What may pass by itself (no primary, a lost connection, a deadline) becomes Unavailable: the caller may send the same
again. If it may have been stored all the same, it becomes OutcomeUnknown. What no transaction can hold becomes
PayloadTooLarge. Anything else is a defect of ours and passes unchanged, to be answered with a 500 and a log line.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from lrs.errors import OutcomeUnknown, PayloadTooLarge, Unavailable

_PASSING = (ConnectionFailure, ExecutionTimeout, WTimeoutError, WaitQueueTimeoutError)
_PASSING_LABELS = (
    "TransientTransactionError",
    "UnknownTransactionCommitResult",
    "RetryableWriteError",
)
# MongoDB's codes and names; KeyNotFound is of the key that signs cluster times, which a new primary has yet to read.
_PASSING_CODES = {
    6: "HostUnreachable",
    7: "HostNotFound",
    24: "LockTimeout",
    43: "CursorNotFound",
    46: "LockBusy",
    50: "MaxTimeMSExpired",
    64: "WriteConcernTimeout",
    89: "NetworkTimeout",
    91: "ShutdownInProgress",
    112: "WriteConflict",
    133: "FailedToSatisfyReadPreference",
    134: "ReadConcernMajorityNotAvailableYet",
    175: "QueryPlanKilled",
    189: "PrimarySteppedDown",
    211: "KeyNotFound",
    225: "TransactionTooOld",
    237: "CursorKilled",
    239: "SnapshotTooOld",
    246: "SnapshotUnavailable",
    251: "NoSuchTransaction",
    262: "ExceededTimeLimit",
    290: "TransactionExceededLifetimeLimitSeconds",
    9001: "SocketException",
    10107: "NotWritablePrimary",
    11600: "InterruptedAtShutdown",
    11601: "Interrupted",
    11602: "InterruptedDueToReplStateChange",
    13435: "NotPrimaryNoSecondaryOk",
    13436: "NotPrimaryOrSecondary",
}
_TRANSACTION_TOO_LARGE = 388


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable or OutcomeUnknown for every failure of MongoDB that may pass by itself.

    Raise PayloadTooLarge where a transaction would not fit into MongoDB's cache; nothing of it is stored.
    """
    try:
        yield
    except PyMongoError as error:
        if _TRANSACTION_TOO_LARGE in _codes(error):
            raise PayloadTooLarge("This is too much for one transaction: send less of it at once") from error
        if passes_by_itself(error):
            raise (Unavailable if _had_no_effect(error) else OutcomeUnknown) from error
        raise


def _codes(error: PyMongoError) -> set[int | None]:
    """Return MongoDB's codes for what went wrong, of each write in a batch."""
    if isinstance(error, BulkWriteError):
        return {each["code"] for each in error.details["writeErrors"]}
    return {error.code} if isinstance(error, OperationFailure) else set()


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
