import base64
import hashlib
import io
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.services.attachments import ReceivedAttachment, match
from lrs.services.signatures import CONTENT_TYPE, MAX_SIGNATURE, MAX_SIGNATURES, USAGE, check_signatures
from schemas.faults import Refused, TooLarge
from schemas.xapi.parsing import parse_json

STATEMENT = {
    "id": "6b7f1a3c-0b1e-4c6e-9d0f-3f4f2a1d9c55",
    "actor": {"name": "Học viên", "mbox": "mailto:hoc.vien@truong.example"},
    "verb": {"id": "http://truong.example/da-hoan-thanh", "display": {"vi": "đã hoàn thành"}},
    "object": {"id": "http://truong.example/chuyen-doi-so"},
    "result": {"score": {"scaled": 0.95}},
    "timestamp": "2026-11-23T08:00:00+07:00",
}


def certificate(key, *, days=365, issued_by=None):
    now = datetime(2020, 1, 1, tzinfo=UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Trường thử nghiệm")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=days))
    made = builder.sign(issued_by or key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = certificate(KEY)
DER = base64.b64decode(CERTIFICATE)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sign(payload=STATEMENT, *, key=KEY, alg="RS256", **header):
    payload = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    return jwt.PyJWS().encode(payload, key, algorithm=alg, headers=header).encode()


def assembled(header):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b".".join(map(b64, (header, json.dumps(STATEMENT).encode(), b"x" * 256)))


def received(data, algorithm=hashlib.sha256):
    return ReceivedAttachment(
        sha2=algorithm(data).hexdigest(),
        sha256=hashlib.sha256(data).hexdigest(),
        content_type=CONTENT_TYPE,
        length=len(data),
        file=io.BytesIO(data),
    )


def naming(*parts, **changes):
    """Return the statement as it arrives, with its signatures."""
    attachments = [
        {
            "usageType": USAGE,
            "display": {"vi": "Chữ ký"},
            "contentType": CONTENT_TYPE,
            "length": part.length,
            "sha2": part.sha2,
        }
        | changes
        for part in parts
    ]
    return parse_json(json.dumps(STATEMENT | {"attachments": attachments}).encode())


def check(*texts, single=True, **changes):
    parts = [received(text) for text in texts]
    statement = naming(*parts, **changes)
    check_signatures([statement], match([statement], parts), single=single)


def fault(*texts, error=Refused, **changes):
    with pytest.raises(error) as refused:
        check(*texts, **changes)
    assert type(refused.value) is error
    (found,) = refused.value.faults
    return found.path, found.rule


# What is taken


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512"])
@pytest.mark.parametrize("header", [{}, {"x5c": [CERTIFICATE]}], ids=["bare", "certificate"])
def test_a_signature_by_each_algorithm_is_taken(alg, header):
    check(sign(alg=alg, **header))


def test_statements_without_a_signature_are_taken():
    plain = {name: value for name, value in STATEMENT.items() if name != "attachments"}
    check_signatures([plain, naming()], [[], []])
    check(b"no signature at all", usageType="http://truong.example/bai-thu-hoach")


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JOSE", "kid": "1", "cty": "json"},
        {"jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/chain", "jwk": {"kty": "oct", "k": "eA"}},
        {"x5c": [CERTIFICATE, certificate(OTHER_KEY), certificate(CURVE_KEY)]},
        {"x5c": [certificate(KEY, days=1)]},
        {"x5c": [certificate(KEY, issued_by=OTHER_KEY)]},
    ],
    ids=["known", "addresses", "chain", "expired", "issued"],
)
def test_the_rest_of_the_header_does_not_matter_and_nothing_is_fetched(header):
    check(sign(**header))


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(STATEMENT, indent=4).encode(),
        json.dumps(dict(reversed(STATEMENT.items()))).encode(),
        STATEMENT | {"verb": {"id": "http://truong.example/da-hoan-thanh"}},
        STATEMENT | {"version": "1.0.0"},
    ],
)
def test_the_signed_statement_may_be_written_otherwise(payload):
    check(sign(payload))


def test_every_signature_of_a_statement_is_checked():
    good, bad = sign(x5c=[CERTIFICATE]), sign(key=OTHER_KEY, x5c=[CERTIFICATE])
    check(good, sign(key=OTHER_KEY, x5c=[certificate(OTHER_KEY)]))
    assert fault(good, bad) == ("attachments[1]", "signature-invalid")


def test_one_signature_may_serve_twice_and_its_file_is_left_at_the_beginning():
    part = received(sign())
    statements = [naming(part, part), naming(part)]
    check_signatures(statements, match(statements, [part]))
    assert part.file.tell() == 0


@pytest.mark.parametrize("algorithm", [hashlib.sha224, hashlib.sha512])
def test_a_signature_is_found_by_whatever_hash_names_it(algorithm):
    part = received(sign(), algorithm)
    statement = naming(part)
    statement["attachments"][0]["sha2"] = part.sha2.upper()
    check_signatures([statement], match([statement], [part]))


# What is refused


WHOLE = sign()
HEADER, PAYLOAD, VALUE = WHOLE.split(b".")
NOT_ALIKE = STATEMENT | {"result": {"score": {"scaled": 0.96}}}
INNER = {"x5c": [base64.b64encode(b"\x30\x03\x02\x01\x01").decode()]}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "signature-form"),
        (b"signature", "signature-form"),
        (HEADER + b"." + PAYLOAD, "signature-form"),
        (HEADER + b"." + PAYLOAD + b".", "signature-form"),
        (HEADER + b".." + VALUE, "signature-form"),
        (sign() + b"." + VALUE, "signature-form"),
        (sign() + b"\n", "signature-form"),
        (HEADER + b"=." + PAYLOAD + b"." + VALUE, "signature-form"),
        (HEADER + b"." + PAYLOAD + b".ab+/", "signature-form"),
        (HEADER + b"." + PAYLOAD + b".abcde", "signature-form"),
        (json.dumps({"payload": "e30", "signatures": []}).encode(), "signature-form"),
        (b"\xff\xfe" + sign(), "signature-form"),
        (assembled(b"RS256"), "signature-header"),
        (assembled(b'{"alg": "none", "alg": "RS256"}'), "signature-header"),
        (assembled(b'["RS256"]'), "signature-header"),
        (assembled({"alg": "RS256", "crit": ["exp"], "exp": 1}), "signature-header"),
        (assembled({"alg": "RS256", "crit": ["b64"], "b64": False}), "signature-header"),
        (assembled({}), "signature-algorithm"),
        (assembled({"alg": "none"}), "signature-algorithm"),
        (assembled({"alg": "rs256"}), "signature-algorithm"),
        (assembled({"alg": ["RS256"]}), "signature-algorithm"),
        (assembled({"alg": {"RS256": 1}}), "signature-algorithm"),
        (sign(key="k" * 64, alg="HS256"), "signature-algorithm"),
        (sign(key="k" * 64, alg="HS256", x5c=[CERTIFICATE]), "signature-algorithm"),
        (sign(alg="PS256", x5c=[CERTIFICATE]), "signature-algorithm"),
        (sign(key=CURVE_KEY, alg="ES256", x5c=[certificate(CURVE_KEY)]), "signature-algorithm"),
        (assembled({"alg": "RS256", "x5c": None}), "signature-certificate"),
        (assembled({"alg": "RS256", "x5c": []}), "signature-certificate"),
        (assembled({"alg": "RS256", "x5c": CERTIFICATE}), "signature-certificate"),
        (assembled({"alg": "RS256", "x5c": [7]}), "signature-certificate"),
        (assembled({"alg": "RS256", "x5c": [""]}), "signature-certificate"),
        (assembled({"alg": "RS256", "x5c": ["ch\u1ee9ng ch\u1ec9"]}), "signature-certificate"),
        (assembled({"alg": "RS256", "x5c": [CERTIFICATE.replace("A", "-")]}), "signature-certificate"),
        (assembled({"alg": "RS256"} | INNER), "signature-certificate"),
        (assembled({"alg": "RS256", "x5c": [CERTIFICATE[:400]]}), "signature-certificate"),
        (sign(x5c=[CERTIFICATE, "e30="]), "signature-certificate"),
        (sign(x5c=11 * [CERTIFICATE]), "signature-certificate"),
        (sign(x5c=[certificate(CURVE_KEY), CERTIFICATE]), "signature-certificate"),
        (sign(x5c=[certificate(OTHER_KEY), CERTIFICATE]), "signature-invalid"),
        (sign(NOT_ALIKE, x5c=[CERTIFICATE]), "signature-payload"),
        (sign(STATEMENT | {"id": "00000000-0000-4000-8000-000000000000"}), "signature-payload"),
        (sign([STATEMENT]), "signature-payload"),
        (sign({}), "signature-payload"),
        (sign(b"null"), "signature-payload"),
        (sign(json.dumps(STATEMENT).replace('"', "'", 1).encode()), "signature-payload"),
        (sign(json.dumps(STATEMENT)[:-1].encode() + b', "id": "x"}'), "signature-payload"),
        (sign(b"[" * 100_000), "signature-payload"),
    ],
)
def test_a_malformed_signature_is_refused_with_its_place(text, rule):
    assert fault(text) == ("attachments[0]", rule)


@pytest.mark.parametrize("piece", [0, 1, 2])
def test_a_change_to_any_piece_breaks_the_signature(piece):
    pieces = sign(x5c=[CERTIFICATE], kid="1").split(b".")
    changed = [
        pieces[0] if piece else b64(base64.urlsafe_b64decode(pieces[0] + b"==").replace(b'"kid":"1"', b'"kid":"2"')),
        b64(json.dumps(STATEMENT, indent=1).encode()),
        b64(b"\0" * 256),
    ]
    pieces[piece] = changed[piece]
    assert fault(b".".join(pieces)) == ("attachments[0]", "signature-invalid")


def test_a_signature_must_be_declared_as_octets():
    assert fault(sign(), contentType="text/plain; charset=ascii") == ("attachments[0].contentType", "signature-type")


def test_a_signature_must_be_sent_along():
    statement = naming(received(sign()), fileUrl="http://127.0.0.1:1/chu-ky")
    with pytest.raises(Refused) as refused:
        check_signatures([STATEMENT, statement], match([STATEMENT, statement]))
    assert refused.value.faults[0][:2] == ("[1].attachments[0]", "signature-data")


# Bounds


def test_a_signature_has_a_size():
    assert fault(b"x" * (MAX_SIGNATURE + 1), error=TooLarge) == ("attachments[0]", "limit")


def test_the_signatures_of_a_request_have_a_size_together():
    part = received(sign(json.dumps(STATEMENT).encode() + 1_500_000 * b" "))
    statements = 17 * [naming(part)]
    assert 16 * part.length <= MAX_SIGNATURES < 17 * part.length
    with pytest.raises(TooLarge, match="together") as refused:
        check_signatures(statements, match(statements, [part]))
    assert refused.value.faults[0].path == "[16].attachments[0]"


# A certificate may have a serial number that the library will refuse one day.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_broken_certificate_is_refused_or_read(changes):
    der = bytearray(DER)
    for index, value in changes:
        der[index] = value
    broken = base64.b64encode(der).decode()
    with suppress(Refused):
        check(sign(x5c=[broken]))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=8))
def test_a_broken_signature_is_refused_or_read(start, end, instead):
    with suppress(Refused):
        check(WHOLE[:start] + instead + WHOLE[end:])


@pytest.mark.parametrize(("exponent", "bits"), [(2**65 + 1, 2048), (65537, 8200)])
def test_a_key_made_to_take_long_is_refused(exponent, bits):
    modulus = (1 << (bits - 1)) + 1

    class Slow:
        def public_key(self):
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()

    assert fault(sign(x5c=[certificate(Slow(), issued_by=KEY)])) == ("attachments[0]", "signature-certificate")
