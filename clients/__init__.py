"""A client for learning record stores that speak xAPI 1.0.3 or 2.0; the standard library is all it needs."""

from .attachments import Attachment, File
from .auth import Auth, Basic, Bearer
from .batches import Batch
from .client import LRSClient
from .documents import Document, Documents, StateDocuments
from .errors import (
    AnswerLost,
    BadAnswer,
    Conflict,
    Fault,
    Forbidden,
    LRSError,
    NoAnswer,
    NotFound,
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    Rejected,
    ServerFailed,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
    Unsendable,
    Untrusted,
)
from .messages import Request, Response, Statement
from .pages import Page
from .queries import Conditions
from .retries import Patience
from .statements import (
    COMPLETED,
    VOIDED,
    activity,
    agent,
    completed,
    identified,
    statement,
    verb,
    voiding,
)
from .transport import HTTPTransport, Transport
from .version import __version__
from .wsgi import WSGITransport

__all__ = [
    "COMPLETED",
    "VOIDED",
    "AnswerLost",
    "Attachment",
    "Auth",
    "BadAnswer",
    "Basic",
    "Batch",
    "Bearer",
    "Conditions",
    "Conflict",
    "Document",
    "Documents",
    "Fault",
    "File",
    "Forbidden",
    "HTTPTransport",
    "LRSClient",
    "LRSError",
    "NoAnswer",
    "NotFound",
    "OutcomeUnknown",
    "Page",
    "Patience",
    "PreconditionFailed",
    "Refused",
    "Rejected",
    "Request",
    "Response",
    "ServerFailed",
    "StateDocuments",
    "Statement",
    "TooLarge",
    "Transport",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "Unsendable",
    "Untrusted",
    "WSGITransport",
    "__version__",
    "activity",
    "agent",
    "completed",
    "identified",
    "statement",
    "verb",
    "voiding",
]
