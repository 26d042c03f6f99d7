"""Rules that need the store; no HTTP, no Mongo."""
