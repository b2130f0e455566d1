"""Programs that read the published files with other libraries, each in an environment of its own.

Each prints one JSON object: for each table the number of rows, and for each column how many values it has and
what they add up to. ``test_other_readers.py`` runs them. They import nothing of this project.

A table is given as its name, its file, and its columns by kind: ``int``, ``float``, ``bool``, ``text`` (its
characters are added up), ``date`` (the first and the last one) and ``list`` (its items are added up).
"""
