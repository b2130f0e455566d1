"""Comparing the published set with the official reports that ODS publishes from the same register.

Lives here: which reports there are (``reports.csv``), how their files are read, how each row is compared, and
the numbered rules that explain a difference (``rules.csv``). Does not live here: asking for a report
(``sources/reports.py``), options and what is printed (``commands/reconcile.py``).
"""
