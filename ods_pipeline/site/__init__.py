"""The report: a static site of the published set, for people who look rather than query.

Lives here: which pages there are and what is on them (``content``), the statements of their figures
(``queries/*.sql``), charts, feeds, the look-up page and how all of it becomes files. Does not live here: any
judgement of its own. Each figure is one statement on ``ods.duckdb``, shown below it, and can be run again.
"""
