"""Versions of this program's outputs: raise one whenever the same inputs would give other contents.

Lives here: the two numbers, which every build records. Does not live here: what happens when they differ
(``inventory/due.py``, ``inventory/state.py``).
"""

# Raise it if the same raw file gives other flat tables: every capture is then flattened again.
FLAT_VERSION = 7
# Raise it if the same flat folders give another history: history is then rebuilt from all of them.
HISTORY_VERSION = 2
