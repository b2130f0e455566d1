"""Raw files to flat frames. Reads raw files only and never the network; writes nothing.

``xml/`` cuts, checks and parses XML; ``json/`` converts the API's JSON to the same XML; ``values.py`` and
``rows.py`` give values their types; ``columns/`` holds what is written for speed alone; ``rules.py`` decides
what goes to quarantine; ``merge.py`` decides which record of a code counts; ``release.py``, ``assembly.py``
and ``fetch.py`` put it together.
"""
