"""What must lie in the database and be readable only with the pepper, which lies outside of it."""

from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lrs.errors import Unavailable

_NONCE: Final = 12


class WrongPepper(Unavailable):
    """Something was sealed under another pepper, or changed since: no defect, but a state that the operator ends."""

    title = "A secret in the database was kept under another LRS_PEPPER"


class Seals:
    """Seals secrets of one ``purpose`` (AES-256-GCM); what was sealed for another one does not open."""

    def __init__(self, pepper: str, purpose: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=f"sohoc {purpose}".encode()).derive(pepper.encode())
        self._cipher = AESGCM(derived)

    def seal(self, secret: bytes, owner: str) -> bytes:
        """Return the secret sealed; it opens only together with its ``owner``, so that rows cannot be swapped."""
        nonce = token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Return the secret; raise WrongPepper."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode())
        except InvalidTag as error:
            raise WrongPepper from error
