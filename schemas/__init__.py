"""What data may look like. Pure: no I/O, no clock, no current user."""
