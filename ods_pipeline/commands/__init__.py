"""The commands that ask questions of the published set: one file a command, imported when it is called."""

# What --help says of them, without importing them.
HELP = {
    "find": """Look a body up by its code, its postcode, or words of its name; case and spaces do not matter.

Shows whether it is open, what it belongs to, and what replaced it. If nothing is found it says why, and
ends with 5. The same in SQL: SELECT * FROM ods_find('maple house').
""",
    "check": """Judge every code of a CSV, TSV, Excel or Parquet list: open, closed, replaced, of another
kind, a slip.

Says what needs attention, and with --out writes one row a line: line, given, code, verdict, name, kind,
openness, closed_on, replaced_by, candidate_codes, meant_code, meant_name, likely_codes, repeats_line and
note. Cells that a spreadsheet would take for formulas get an apostrophe in front. Ends with 0 if every
code is good, with 5 if some need attention.
""",
    "show": """Show a code: what it is, whether it is open and why, its parents, sites and successions,
and its life.

--as-of asks what was true in the world on a day, --known what the register said on a day; both together
ask what it then said of the other day. The same in SQL: ods_as_of, ods_as_known, ods_history. A code that
the register does not hold ends with 1.
""",
    "changes": """List what changed: one line an event, with the day it holds from and the day it was seen.

In the CSV file, text that a spreadsheet would take for a formula (it begins with = + - @ or a tab) gets
an apostrophe in front. The same in SQL: ods_changes(from, to), both days inclusive.
""",
    "audit": """Tell what is published again from the files in raw/, by other means, and compare.

Every row of ord and history by counts and by sums of every column, --records of them field by field, Parquet
against ods.duckdb, the manifests, and what must hold between tables and marts. Says what was compared and
what was not. Ends with 0 if all is equal, with 1 if something differs (it is named) or raw files are gone.
""",
}
