"""Signed statements (Data 2.6): whether a signature is well formed and signs the statement it came with.

This catches mistakes and proves nothing about the signer: a certificate is taken as it comes, whatever its
age, issuer and strength. Nothing that a signature's header points to is ever fetched.
"""

import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.x509 import Certificate, InvalidVersion, load_der_x509_certificate

from lrs.services.attachments import ReceivedAttachment, own_attachments
from schemas.faults import Refused, TooLarge
from schemas.xapi.equality import same_signed
from schemas.xapi.parsing import parse_json
from schemas.xapi.paths import item, member

USAGE = "http://adlnet.gov/expapi/attachments/signature"
CONTENT_TYPE = "application/octet-stream"

MAX_SIGNATURE = 2 * 1024**2
"""Bytes of one signature: a statement of 1 MiB in base64, and room for its certificates."""
MAX_SIGNATURES = 32 * 1024**2
"""Bytes of signatures checked in one request; the same one counts again for every statement that names it."""
MAX_CERTIFICATES = 10
MAX_KEY_BITS = 8192
MAX_EXPONENT_BITS = 64

_ALGORITHMS: Mapping[str, HashAlgorithm] = {"RS256": SHA256(), "RS384": SHA384(), "RS512": SHA512()}
_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TO_PLAIN = bytes.maketrans(b"-_", b"+/")


class _Signature(NamedTuple):
    """A JWS in its compact serialisation (RFC 7515, 7.1), decoded but for the payload's JSON."""

    header: Mapping[str, Any]
    payload: bytes
    signed: bytes
    value: bytes


def check_signatures(
    statements: Sequence[Mapping[str, Any]],
    matched: Sequence[Sequence[ReceivedAttachment]],
    *,
    single: bool = False,
) -> None:
    """Refuse the first signature that is malformed or does not sign its statement; unsigned statements pass.

    ``matched`` is what ``attachments.match`` returned for these statements. The data's files are left at
    their beginning.
    """
    room = MAX_SIGNATURES
    for index, (statement, parts) in enumerate(zip(statements, matched, strict=True)):
        for path, data in _signatures_of(statement, parts, "" if single else item("", index)):
            room -= data.length
            if room < 0:
                message = f"The signatures of one request are larger than {MAX_SIGNATURES} bytes together"
                raise TooLarge.at(path, "limit", message)
            _check(statement, _read(data.file, path), path)


def _signatures_of(
    statement: Mapping[str, Any], parts: Sequence[ReceivedAttachment], path: str
) -> list[tuple[str, ReceivedAttachment]]:
    by_hash = {part.sha2: part for part in parts}
    # By hash, so that what a statement names twice is checked once.
    found: dict[str, tuple[str, ReceivedAttachment]] = {}
    for where, attachment in own_attachments(statement, path):
        if attachment["usageType"] != USAGE:
            continue
        if attachment["contentType"] != CONTENT_TYPE:
            _refuse(member(where, "contentType"), "signature-type", f"A signature must be of the type {CONTENT_TYPE}")
        data = by_hash.get(attachment["sha2"].lower())
        if data is None:
            # A fileUrl is no help: it is never fetched (XAPI-00115 of the conformance requirements).
            _refuse(where, "signature-data", "A signature must be sent along, in a part of a multipart/mixed request")
        found.setdefault(data.sha2, (where, data))
    return list(found.values())


def _read(file: BinaryIO, path: str) -> bytes:
    file.seek(0)
    text = file.read(MAX_SIGNATURE + 1)
    file.seek(0)
    if len(text) > MAX_SIGNATURE:
        raise TooLarge.at(path, "limit", f"The signature is larger than {MAX_SIGNATURE} bytes")
    return text


def _check(statement: Mapping[str, Any], text: bytes, path: str) -> None:
    signature = _decoded(text, path)
    if "crit" in signature.header:
        _refuse(path, "signature-header", "The signature's header asks for an extension (crit) unknown here")
    algorithm = signature.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        _refuse(path, "signature-algorithm", "A signature must use RS256, RS384 or RS512")
    if "x5c" in signature.header:
        key = _first_key(signature.header["x5c"], path)
        try:
            key.verify(signature.value, signature.signed, PKCS1v15(), _ALGORITHMS[algorithm])
        except InvalidSignature:
            _refuse(path, "signature-invalid", "The signature does not fit the certificate in its header")
    try:
        payload = parse_json(signature.payload)
    except Refused as refused:
        _refuse(path, "signature-payload", f"The signed text is not proper JSON: {refused.faults[0].message}")
    if not isinstance(payload, dict) or not same_signed(statement, payload):
        _refuse(path, "signature-payload", "The signed statement is not the statement it came with")


def _decoded(text: bytes, path: str) -> _Signature:
    compact = _COMPACT.fullmatch(text)
    if compact is None:
        _refuse(path, "signature-form", "A signature must be a JWS in compact serialisation: three pieces of base64url")
    try:
        header, payload, value = (_base64url(piece) for piece in compact.groups())
        fields = parse_json(header)
    except binascii.Error:
        _refuse(path, "signature-form", "A piece of the signature is not base64url")
    except Refused as refused:
        _refuse(path, "signature-header", f"The signature's header is not proper JSON: {refused.faults[0].message}")
    if not isinstance(fields, dict):
        _refuse(path, "signature-header", "The signature's header must be an object")
    return _Signature(fields, payload, text[: compact.end(2)], value)


def _base64url(piece: bytes) -> bytes:
    return binascii.a2b_base64(piece.translate(_TO_PLAIN) + b"=" * (-len(piece) % 4), strict_mode=True)


def _first_key(chain: object, path: str) -> RSAPublicKey:
    if not isinstance(chain, list) or not 0 < len(chain) <= MAX_CERTIFICATES:
        message = f"x5c must be an array of 1 to {MAX_CERTIFICATES} certificates"
        _refuse(path, "signature-certificate", message)
    try:
        certificates = [_certificate(item) for item in chain]
        key = certificates[0].public_key()
    # TypeError and ValueError cover what is no text, no base64 and no DER.
    except (TypeError, ValueError, InvalidVersion, UnsupportedAlgorithm):
        _refuse(path, "signature-certificate", "A certificate in x5c cannot be read")
    if not isinstance(key, RSAPublicKey) or not _is_quick(key):
        message = f"The certificate that signs must have an RSA key of {MAX_KEY_BITS} bits at most"
        _refuse(path, "signature-certificate", message)
    return key


def _is_quick(key: RSAPublicKey) -> bool:
    """Size and exponent decide how long a check takes; keys are made with 65537."""
    return key.key_size <= MAX_KEY_BITS and key.public_numbers().e.bit_length() <= MAX_EXPONENT_BITS


def _certificate(item: object) -> Certificate:
    if not isinstance(item, str):
        raise TypeError("a certificate is text")
    return load_der_x509_certificate(binascii.a2b_base64(item, strict_mode=True))


def _refuse(path: str, rule: str, message: str) -> NoReturn:
    raise Refused.at(path, rule, message)
