"""The assets. Their functions call the rooms that do the work, and report to Dagster."""
