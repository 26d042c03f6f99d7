"""Key sets of identity providers (JWK Set, RFC 7517): public keys for signatures, each for its own algorithms only."""

from base64 import urlsafe_b64decode
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from lrs.services.proofs import PublicKey
from lrs.services.web import NoAnswer
from schemas.faults import Refused
from schemas.xapi.parsing import parse_json

ALGORITHMS: Final = ("EdDSA", "ES256", "RS256", "PS256")
"""What tokens of others may be signed with: nothing with a shared secret."""
_FAMILIES: Final = {
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("RSA", ""): frozenset({"RS256", "PS256"}),
}
_MOST: Final = 50
_RSA_BITS: Final = range(2048, 8193)
_EXPONENT_BITS: Final = 32
# Whoever publishes this member has published the key itself.
_PRIVATE: Final = "d"


class KeySet:
    """The keys of a provider."""

    def __init__(self, raw: bytes) -> None:
        """Read a key set; raise NoAnswer where it is none. Keys that are of no use here are left out."""
        try:
            found = parse_json(raw)
        except Refused as error:
            raise NoAnswer("The identity provider's key set is no JSON") from error
        listed = found.get("keys") if isinstance(found, dict) else None
        if not isinstance(listed, list) or len(listed) > _MOST:
            raise NoAnswer(f"The identity provider's key set is no list of at most {_MOST} keys")
        self._keys: dict[tuple[str, str], PublicKey] = {}
        for jwk in listed:
            if isinstance(jwk, dict) and isinstance(kid := jwk.get("kid"), str):
                self._add(kid, jwk)
        self._kids = {kid for kid, _ in self._keys}

    def knows(self, kid: str) -> bool:
        """Tell whether there is a key of this name."""
        return kid in self._kids

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """Return the key of this name if it is for this algorithm."""
        return self._keys.get((kid, algorithm))

    def _add(self, kid: str, jwk: dict[str, Any]) -> None:
        algorithms = _algorithms(jwk)
        try:
            key = _public(jwk) if algorithms else None
        except (ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm):
            return
        if key is not None:
            self._keys |= {(kid, algorithm): key for algorithm in algorithms if (kid, algorithm) not in self._keys}


def _algorithms(jwk: dict[str, Any]) -> frozenset[str]:
    """Return what a key may verify: what fits its kind, and only its own ``alg`` where it has one."""
    operations = jwk.get("key_ops", ["verify"])
    useless = _PRIVATE in jwk or jwk.get("use", "sig") != "sig"
    if useless or not isinstance(operations, list) or "verify" not in operations:
        return frozenset()
    fitting = _FAMILIES.get((str(jwk.get("kty")), str(jwk.get("crv", ""))), frozenset())
    return fitting & {str(jwk["alg"])} if "alg" in jwk else fitting


def _public(jwk: dict[str, Any]) -> PublicKey | None:
    if jwk["kty"] == "OKP":
        return Ed25519PublicKey.from_public_bytes(_bytes(jwk["x"]))
    if jwk["kty"] == "EC":
        return EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), SECP256R1()).public_key()
    exponent, modulus = _number(jwk["e"]), _number(jwk["n"])
    if modulus.bit_length() not in _RSA_BITS or exponent.bit_length() > _EXPONENT_BITS:
        return None
    return RSAPublicNumbers(exponent, modulus).public_key()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")
