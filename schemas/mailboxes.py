"""What mailboxes look like in addresses, so that they can be kept out of what nobody may be named in."""

from typing import Final

MAILBOX: Final = r"[Mm][Aa][Ii][Ll][Tt][Oo]:|%40|@"
"""A pattern that Python and readers of OpenAPI take alike."""
