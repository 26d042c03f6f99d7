"""The own API beside xAPI, described by /api/openapi.json."""
