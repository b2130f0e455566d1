"""Lists of codes that people have (text, Excel, Parquet, JSON, HTML), read whatever their form, and judged.

Lives here: ``reading`` turns a file into cells (``text``, ``html``, ``pasted``, ``records``, ``sentences``,
``parquet``) and ``foreign`` knows what is no list, ``columns`` chooses the column with the codes (``by_form``
without its name) and ``parts`` where it changes, ``codes`` knows their form, ``code_list`` is the list,
``judging`` gives each code a verdict, ``writing`` makes a CSV file of it. Does not live here: the command
(``commands/check.py``).
"""
