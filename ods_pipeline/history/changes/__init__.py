"""Versions to events: what happened to each code, when it took effect, and when it was first seen.

A step is what lies between two observations of a code (``steps.py``). Each module here looks at one part of
a record and tells what changed in it: the body itself (``life.py``), its own fields (``record.py``), roles
and successions (``parts.py``), relationships and moves from parent to parent (``links.py``).
"""

from ods_pipeline.history.changes.all import code_changes

__all__ = ["code_changes"]
