"""What leaves an organisation by agreement: pure."""
