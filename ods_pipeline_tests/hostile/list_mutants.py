"""Odd and damaged lists of codes: every encoding, quotes, NULs, enormous cells and numbers of rows."""

import io
from random import Random

import polars as pl

from ods_pipeline_tests.hostile.bytes_mutants import harmed
from ods_pipeline_tests.hostile.zip_mutants import lying_header
from ods_pipeline_tests.support.workbooks import workbook

CELLS = (
    "RRP",
    "rrp ",
    " R1A",
    '="RRP"',
    "'012",
    "5.00E+01",
    "=CMD|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tX",
    "＝1+1",
    "",
    " ",
    "\u00a0",
    "\u200bRRP",
    "\ufeffRRP",
    "É1É",
    "٣٤٥",
    "ＲＲＰ",
    "\U0001f3e5",
    "\u202eRRP",
    "a\0b",
    "\x1b[2J",
    'say "hi"',
    '"',
    "'",
    "line\nbreak",
    "'; DROP TABLE x; --",
    "%",
    "*",
    "x" * 300,
    "9" * 40,
    "NULL",
    "2026-01-01",
)
HEADERS = ("code", "ODS Code", "org code", "name", "Postcode", "", "CODE", "1")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-7", "cp037")


def text(random: Random) -> bytes:
    """Return a list as text with random delimiter, quotes, line ends and encoding."""
    delimiter, end = random.choice(",;\t|: "), random.choice(["\n", "\r\n", "\r", "\n\n", "\u2028"])
    columns, rows = random.choice([1, 1, 2, 3, 8]), random.randint(0, 12)
    lines = [[random.choice(HEADERS) for _ in range(columns)]] if random.random() < 0.7 else []
    lines += [
        [random.choice(CELLS) for _ in range(columns + random.choice([0, 0, 0, 1]))] for _ in range(rows)
    ]
    quote = random.choice(["never", "always", "wrong"])

    def written(cell: str) -> str:
        if quote == "always":
            return '"' + cell.replace('"', '""') + '"'
        return f'"{cell}' if quote == "wrong" and random.random() < 0.2 else cell

    whole = end.join(delimiter.join(map(written, line)) for line in lines)
    if random.random() < 0.01:
        whole += random.choice(["x" * 1_000_000, "a," * 10_000, "\n" * 20_000, '"' * 5_001, "=" * 200_001])
    content = whole.encode(random.choice(ENCODINGS), "replace")
    return harmed(content, random) if random.random() < 0.4 else content


BOOK = workbook({"S": [["code", "name"], ["RRP", "A"], ["TAF", 5]], "T": [["=1+1"]]})
PARQUET = io.BytesIO()
pl.DataFrame({"code": ["RRP", None, "TAF"], "n": [1, 2, 3]}).write_parquet(PARQUET)


def book(random: Random) -> bytes:
    """Return a workbook, sound or odd, then damaged."""
    content = BOOK
    if random.random() < 0.3:
        rows = [[random.choice(CELLS[:20]) for _ in range(2)] for _ in range(random.randint(0, 4))]
        content = workbook({"S": rows})
    if random.random() < 0.4:
        return lying_header(content, random)
    return harmed(content, random)


def table(random: Random) -> bytes:
    return harmed(PARQUET.getvalue(), random)
