"""Lists of codes that people have (CSV, TSV, Excel, Parquet), read whatever their form, and judged.

Lives here: ``reading`` turns a file into cells (``text``, ``pasted``, ``sentences``), ``columns`` chooses the
column with the codes and ``parts`` where it changes, ``codes`` knows their form, ``code_list`` is the list,
``judging`` gives each code a verdict, ``writing`` makes a CSV file of it. Does not live here: the command
(``commands/check.py``).
"""
