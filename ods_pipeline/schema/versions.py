"""Versions of what this program makes: raise one whenever the same inputs would give other contents.

Lives here: the two numbers, which every build records. Does not live here: what is done when they differ
(``inventory/``, ``history/state.py``).
"""

# The same raw file would give other flat tables: every capture is then flattened again.
FLAT_VERSION = 4
# The same flat folders would give another history: history is then rebuilt from all of them.
HISTORY_VERSION = 1
