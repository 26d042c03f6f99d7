"""Registries that reports count by: units with their dates, programmes, targets, frameworks, platforms; holidays."""
