"""Fetched payloads, JSON or XML, and the lists of a fetch, made ready for the one reader of records."""
