"""The version of the client, in one place: the wheel reads it here."""

__version__ = "0.1.0"
