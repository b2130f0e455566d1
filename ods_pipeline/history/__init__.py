"""What the register holds now, what it held before, and why: pure functions on flat folders.

Lives here: the fold of all captures into versions of records (``fold.py``), and the events and the drift that
are computed from those versions (``changes/``, ``drift.py``). Does not live here: parsing (``flatten/``),
writing files (``publish/``), and anything that knows Dagster (``defs/``).

The terms, in the order in which data flows:

* A **capture** is one file of a release, or one fetch. Its **as-of date** is the day it speaks for.
* An **observation** is what one capture shows of one ODS code.
* A **version** is a maximal run of equal content of one code, from ``known_from`` (the first as-of date that
  shows it) to ``known_to`` (the first as-of date that no longer does; exclusive; null while it is current).
* The **fold** turns observations into versions. Its result depends on the set of captures alone, and not on
  the order in which they arrive.
"""
