"""Captures over time: what the register says now, and why. Pure functions on flat folders."""

# Rises whenever the same flat folders would give another history: what is published is then told anew.
HISTORY_VERSION = 1
