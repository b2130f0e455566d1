"""From versions to events: what happened to each code, when it took effect, and when it was first seen.

A step is the difference between two adjoining versions of a code (``steps.py``). Each module here looks at
one part of a record and turns its differences into events: the organisation itself (``life.py``), its own
fields (``record.py``), roles and successions (``parts.py``), relationships (``links.py``) and moves from one
parent to another (``moves.py``). ``event.py`` has the shape of an event, ``all.py`` puts them together.
"""

from ods_pipeline.history.changes.all import code_changes

__all__ = ["code_changes"]
