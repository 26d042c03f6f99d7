"""HTTP only: bytes in, bytes out, no rule of its own."""
