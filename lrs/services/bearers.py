"""Bearer tokens: our own, and those of providers that organisations trust."""

from lrs.services.auth import Proven
from lrs.services.issuers import Issuers
from lrs.services.proofs import opened
from lrs.services.tokens import Tokens


class Bearers:
    """Proves tokens, each in the way of the issuer that it names."""

    def __init__(self, tokens: Tokens, issuers: Issuers) -> None:
        self._tokens = tokens
        self._issuers = issuers

    def prove(self, token: str) -> Proven:
        """Return the caller that a token stands for; raise Unauthorized."""
        ours = opened(token).issuer == self._tokens.issuer
        return self._tokens.prove(token) if ours else self._issuers.prove(token)
