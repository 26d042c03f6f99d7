"""Who an Agent or Group is: one text for one identity, however it is written (Data 2.4.2)."""

from collections.abc import Mapping
from typing import Any


def identity(agent: Mapping[str, Any]) -> str | None:
    """Return the canonical text of a valid Agent's or Group's identifier; None for an anonymous Group.

    Two of them are the same person or group exactly when their texts are equal: whether it is called an
    Agent or a Group, its name and its members play no part. Parts without letter case (the domain of an
    address, hexadecimal digits) are lower-cased.
    """
    if (mbox := agent.get("mbox")) is not None:
        return lower_domain(mbox)
    if (account := agent.get("account")) is not None:
        # An IRI holds no space, so the first one ends the home page.
        return f"account:{account['homePage']} {account['name']}"
    if (digest := agent.get("mbox_sha1sum")) is not None:
        return f"sha1:{digest.lower()}"
    if (openid := agent.get("openid")) is not None:
        return f"openid:{openid}"
    return None


def lower_domain(mbox: str) -> str:
    """Return a mailto IRI with its domain lower-cased; the part before the @ keeps its case."""
    local, at, domain = mbox.rpartition("@")
    return f"{local}{at}{domain.lower()}"
