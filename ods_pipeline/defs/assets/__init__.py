"""Dagster only: one concept a file. The logic is elsewhere; a body here is a few lines."""
