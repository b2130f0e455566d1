"""Lists of codes that people have (CSV, TSV, Excel, Parquet), read whatever their form, and judged.

What lives here: ``reading`` turns a file into cells, ``columns`` finds the codes among them, ``judging``
gives each code a verdict, ``writing`` makes a CSV file of the result. What does not: the command
(``commands/check.py``).
"""
