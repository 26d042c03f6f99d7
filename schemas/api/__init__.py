"""What /api takes and gives."""
