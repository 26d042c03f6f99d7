"""MongoDB only: one module a collection."""
