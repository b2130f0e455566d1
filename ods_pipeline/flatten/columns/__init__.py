"""What is written for speed alone: NumPy on whole columns. The rest of ``flatten/`` is Polars.

Each quick way is the only way to its value. Its obvious twin is in the tests (``oracles/columns.py``, or
plain Python in the test itself), and hypothesis compares the two. A quick way that wins less than 3 % of the
stage from zip to flat goes. The room holds at most 350 lines.

Measured 2026-11 on a national release (393,000 records in 36 segments of 24 MB; the stage takes 8.6 s
of processor time before it writes, and 3.5 s of them are the XML parser's):

* ``counting.py`` wins 29 % against ``bytes.count`` on the document and Polars' functions on the values.
* ``fingerprint.py`` wins 3 % against ``polars-hash``: 12 ms a segment, not 20 ms (wyhash of joined columns).
  The hashes are published and no library computes the same ones, so it would stay in any case.
* ``dates.py`` wins 5 % against Polars joins of Dates with their children and their parents.
* ``words.py`` reads the buffers of Arrow for the others.

Not kept: our own reading of ISO days (4 %, but 60 lines more than Polars' ``str.to_date``, whose cache costs
more than it saves: 3.3 ms a segment with it, 2.1 ms without), of numbers and flags (1 %), a look at the first
and last bytes that saves trimming (3 %), and NumPy for sorting, numbering and finding records (1 % and less).
"""
