"""Registries that reports count by: units with their dates, programmes, targets, skill frameworks, platforms."""
