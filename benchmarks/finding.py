"""How well names are found as people type them: names of a register, typed in ten ways each.

    python -m benchmarks.finding DATA_ROOT [--names 1500] [--seed 1]

A name is right if an organisation of that name is found; with a postcode or a code next to it, only the
organisation itself is right. Prints a table: the way, the share found first, the share among the first
five, the share of look-ups below 100 ms, their median and the slowest in milliseconds, and the median of
processor time, which other work on the machine changes less.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAMES = """
    SELECT f.ods_code, f.name, o.town, f.postcode
    FROM marts.code_finder AS f
    JOIN ord.organisations AS o ON o.ods_code = f.ods_code
    WHERE f.name_key IS NOT NULL AND length(f.name_key) >= 8 AND f.openness = 'open'
        AND o.town IS NOT NULL AND f.postcode IS NOT NULL
    ORDER BY hash(f.ods_code || ?), f.ods_code
    LIMIT ?
"""
Row = tuple[str, str, str, str]
Way = Callable[[random.Random, Row], str]


def _typo(chance: random.Random, name: str, how: str) -> str:
    """The name with one typo in its longest word."""
    word = max(name.split(), key=len)
    at = chance.randrange(1, max(2, len(word) - 1))
    changed = {
        "wrong": word[:at] + chance.choice(LETTERS) + word[at + 1 :],
        "missing": word[:at] + word[at + 1 :],
        "doubled": word[:at] + word[at] + word[at:],
        "swapped": word[: at - 1] + word[at : at + 1] + word[at - 1] + word[at + 1 :],
    }[how]
    return name.replace(word, changed, 1)


def _spelt(name: str) -> str:
    pairs = {
        " & ": " and ",
        "ST ": "Saint ",
        "DR ": "Doctor ",
        "CENTRE": "center",
        "LIMITED": "ltd",
        "LTD": "limited",
    }
    for old, new in pairs.items():
        name = name.replace(old, new)
    return name.replace("'", "")


WAYS: dict[str, Way] = {
    "lower case, no apostrophes": lambda _, r: r[1].lower().replace("'", ""),
    "and, Saint, Doctor, center": lambda _, r: _spelt(r[1]),
    "a letter wrong": lambda c, r: _typo(c, r[1], "wrong"),
    "a letter missing": lambda c, r: _typo(c, r[1], "missing"),
    "a letter doubled": lambda c, r: _typo(c, r[1], "doubled"),
    "letters swapped": lambda c, r: _typo(c, r[1], "swapped"),
    "two words joined": lambda _, r: r[1].replace(" ", "", 1),
    "name and town": lambda _, r: f"{r[1]} {r[2]}",
    "name and postcode": lambda _, r: f"{r[1]} {r[3]}",
    "code and name": lambda _, r: f"{r[0]} {r[1]}",
}
_ONE_ONLY = ("name and postcode", "code and name")


def main() -> None:
    """Type the names, look each up, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.finding", description=__doc__)
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--names", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    file = arguments.data_root / "ods.duckdb" if arguments.data_root.is_dir() else arguments.data_root
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(_NAMES, [str(arguments.seed), arguments.names]).fetchall()
        print("| typed | first | first five | below 100 ms | median ms | slowest ms | processor ms |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        for way, typed in WAYS.items():
            chance, firsts, fives, times, spent = random.Random(arguments.seed), [], [], [], []
            for row in rows:
                began, busy = time.perf_counter(), time.process_time()
                found = connection.execute(
                    "SELECT ods_code, name FROM ods_find(?) LIMIT 5", [typed(chance, row)]
                ).fetchall()
                times.append(1000 * (time.perf_counter() - began))
                spent.append(1000 * (time.process_time() - busy))
                right = [c == row[0] if way in _ONE_ONLY else n == row[1] for c, n in found]
                firsts.append(right[:1] == [True])
                fives.append(any(right))
            quick = [ms < 100 for ms in times]
            share = [f"{100 * sum(n) / len(rows):.1f} %" for n in (firsts, fives, quick)]
            print(
                f"| {way} | {' | '.join(share)} | {statistics.median(times):.0f} | {max(times):.0f} "
                f"| {statistics.median(spent):.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
