"""The xAPI data model and query strings, versions 1.0.3 and 2.0.0."""
