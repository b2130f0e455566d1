"""The commands, one module each.

Lives here: the names of the commands and what ``--help`` prints about them, so that help needs none of their
modules. Does not live here: their options (``--help`` of one command reads its module), and what find and
show look up (``lookup/``).
"""

HELP = {
    "build": """Read what is new, flatten it, and publish tables, marts and ods.duckdb.

With TRUD_API_KEY set, it downloads the newest release unless it is held, and fetches the changes since then
from the ORD API, or from ODT (--deltas-from). Without a key it fetches nothing; if nothing is held yet, it
builds the embedded sample.
""",
    "postcodes": """Take in a file of postcodes (NSPL, ONSPD) or of properties (OS Open UPRN), and publish.

Organisations then have a position, a local authority, and the ICB and region of their postcode. ONS publishes
NSPL four times a year, OS its file every six weeks; both are free, and none is fetched. Postcodes of Northern
Ireland are left out, because of their terms.
""",
    "rebuild-history": """Rebuild history from everything that was flattened, and publish.

A build adds what is new to the published history. This command reads every release and fetch that is held
instead, and gives the same files byte for byte.
""",
    "status": """Show what is held, up to which day, and what is missing; for a store, what it has.""",
    "find": """Look up an organisation by its code, postcode or part of one, town, or words of its name.

Case, punctuation and small typos do not matter, and former names count. Prints whether it is open, what it
belongs to, what replaced it, and why it is found. If nothing is found, it prints the reason and ends with 5.
The same in SQL: SELECT * FROM ods_find('maple house n10').
""",
    "check": """Judge every code of a CSV, TSV, Excel or Parquet list: open, closed, replaced, of another
kind, a typo.

Prints what needs attention. With --out it writes a CSV file with one row for each code of the list: line,
given, code, verdict, name, kind, openness, closed_on, replaced_by, candidate_codes, meant_code, meant_name,
likely_codes, repeats_line and note. Cells that a spreadsheet would take for formulas get an apostrophe in
front. Ends with 0 if every code is good, with 5 if some need attention.
""",
    "show": """Show everything about a code: what it is, whether it is open and why, its parents, sites and
successions, and its history.

--as-of is the day in the world, --known the day of the register; together they ask what the register held on
one day about another day. The same in SQL: ods_as_of, ods_as_known, ods_history. A code that the register has
never held ends with 1.
""",
    "changes": """List what changed: one line for each event, with the day it was detected and the day it
takes effect.

In the CSV file, text that a spreadsheet would take for a formula (it begins with = + - @ or a tab) gets an
apostrophe in front. The same in SQL: ods_changes(from, to), both days inclusive.
""",
    "report": """Write the published set as a static site: pages to read, feeds, and a look-up page.

It opens offline, from the folder, and asks nothing of any server. Pages: the register in numbers, each region
and ICB, each kind, closed codes, reconfiguration days, what is odd. Each figure shows its SQL and has a CSV.
A folder that holds other files is left as it is. Needs the extra: pip install 'ods_pipeline[site]'.
""",
    "reconcile": """Compare the published set with official ODS reports, row by row.

Give REPORT=FILE for each report (epraccur=epraccur.csv), or --fetch to get them from Data Search and Export.
Every difference is explained by a numbered rule, newer on one side, or unexplained. Ends with 0 if nothing is
unexplained, with 5 otherwise.
""",
    "publish": """Publish the current build into an object store, whole or not at all.

Content-addressed Parquet files, ods.duckdb, a manifest, and each table as a Delta table. Unchanged tables
cost nothing. Needs the extra store; credentials come from the environment.
""",
    "pull": """Make the current build of a store the published set of a data root.

For a worker without a disk: pull, build, publish. Every file is checked against the manifest.
""",
    "audit": """Recompute independently, from the files in raw/, what is published, and compare.

Compares every row of ord and history by counts and by sums of every column, --records of them field by field,
Parquet with ods.duckdb, the manifests, and the rules that link tables and marts. Prints what was compared and
what was not. Ends with 0 if all is equal, with 1 if something differs (it is named) or if raw files are gone.
""",
    "prune": """List, and with --delete remove, old files that nothing needs.

Logs of runs, what was set aside, unfinished downloads and official reports that have not changed for
--older-than days. What is published, and the raw and flat files that it is made from, stay. For a store: old
builds, and the files that only they name.
""",
    "probe": """Ask a server of ODT some thirty questions, and print how it behaves where its documentation is
silent.

Asks the open sandbox, without a key, unless ODS_ODT_URL names another server; then ODS_ODT_API_KEY is sent.
Nothing is published from the answers. With --out they are kept in a folder.
""",
    "ui": """Open Dagster's web interface on this data root (loopback only).""",
    "dictionary": """Write the data dictionary from the schema, after a change of the schema.""",
}
HIDDEN = frozenset({"dictionary"})
EXIT_CODES = """Exit codes: 0 success · 1 something could not be used, and nothing was published (audit: a
difference) · 2 wrong arguments · 3 another build is running · 4 published, but days or records are missing or
a fetch could not be used · 5 find found nothing, some codes of a check need attention, or
reconcile cannot explain a difference · 130 interrupted
"""
