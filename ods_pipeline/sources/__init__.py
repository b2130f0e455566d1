"""The outside world: TRUD, the delta sources, and what was recorded of them.

Lives here: receiving bytes and writing them into ``raw/`` with a receipt. Does not live here: reading what is
in them (``flatten/``), deciding what is due or missing (``inventory/``).

Files that a new delta source touches: ``settings.py`` (its name, address and key), ``deltas.py`` (the
choice), ``schema/facts.py`` (its name as a value of ``captures.source``), ``defs/resources.py`` (its
variables for Dagster's steps), ``docs/operations.md`` and the changelog. The source itself is a room of its
own, as ``ord/`` is.
"""
