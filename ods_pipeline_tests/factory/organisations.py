"""Every organisation of a release: its kind, dates, code, name and address.

Lives here: one row per complete record. Does not live here: its roles and contacts (``parts.py``), its
relationships (``links.py``), and the file that it is in (``files.py``).
"""

from datetime import date

import numpy as np
import polars as pl

from ods_pipeline_tests.factory.codes import anana, capacity, scattered
from ods_pipeline_tests.factory.dice import Dice, Numbers
from ods_pipeline_tests.factory.plan import (
    ARCHIVE_CUT_OFF,
    FILLER_START,
    FIRST_ANANA,
    PUBLISHED,
    Counts,
    Kind,
    counts_by_kind,
    kinds,
)
from ods_pipeline_tests.factory.words import (
    PLACES,
    POSTCODE_LETTERS,
    SAINTS,
    SECOND_LINES,
    STREETS,
    WORDS,
)

ACTIVE, CLOSED, ARCHIVED = 0, 1, 2
NONE = -1
LEGAL_SHARE = 0.19
# Of 38,093 trust sites, 29,399 have a code that begins with their trust's. The others have moved since.
MOVED_SHARE = 1 - 29_399 / 38_093
_EPOCH = date(1970, 1, 1)
NO_DAY = np.iinfo(np.int32).min


def day_number(day: date) -> int:
    """Return a day as days since 1970, as Polars stores it."""
    return (day - _EPOCH).days


PUBLISHED_DAY, _CUT_OFF = day_number(PUBLISHED), day_number(ARCHIVE_CUT_OFF)


def make_organisations(dice: Dice, counts: Counts) -> pl.DataFrame:
    """Return all complete records, numbered by ``record`` from 0.

    Returns:
        The stored columns of an organisation, without those that say where it was read; ``kind`` (number),
        ``life`` (active, closed since the cut-off, archived) and ``operator`` (record, or -1).
    """
    numbers = counts_by_kind(counts.organisations)
    order = list(kinds().values())
    kind = np.repeat([k.number for k in order], [numbers[k.name] for k in order])
    record = np.arange(len(kind))
    life = _lives(dice, counts, order, kind, record)
    start, end = _days(dice, order, kind, life, record)
    start[dice.chosen("filler start", record, counts.filler_starts)] = day_number(FILLER_START)
    legal_start, legal_end = _legal_days(dice, counts, record, life, start=start, end=end)
    future = dice.chosen(
        "future end",
        record,
        counts.active_with_future_end,
        (life == ACTIVE) & (legal_end == NO_DAY),
    )
    end[future] = PUBLISHED_DAY + 1 + dice.below("days to future end", future, 400)
    operator, code = _operators_and_codes(dice, order, kind, life, start=start, record=record)
    frame = pl.DataFrame(
        {
            "record": record,
            "kind": kind.astype(np.int16),
            "life": life,
            "operator": operator,
            "ods_code": code.tolist(),
            "record_class": np.array([k.record_class for k in order])[kind].tolist(),
            "primary_role_id": np.array([k.role_id for k in order])[kind].tolist(),
            **{
                name: as_days(days)
                for name, days in (
                    ("legal_start", legal_start),
                    ("legal_end", legal_end),
                    ("operational_start", start),
                    ("operational_end", end),
                )
            },
            "last_change_date": as_days(_stamps(dice, record, life, start, end)),
        }
    )
    return frame.with_columns(
        pl.when(pl.col("life") == ACTIVE)
        .then(pl.lit("Active"))
        .otherwise(pl.lit("Inactive"))
        .alias("status"),
        *_texts(dice, record, np.array([k.noun for k in order])[kind]),
    )


def as_days(days: Numbers) -> pl.Series:
    """Turn day numbers into dates. ``NO_DAY`` becomes null."""
    series = pl.Series(days.astype(np.int32))
    return series.set(series == NO_DAY, None).cast(pl.Date)


def _lives(dice: Dice, counts: Counts, order: list[Kind], kind: Numbers, record: Numbers) -> Numbers:
    life = np.zeros(len(record), dtype=np.int8)
    archived = np.array([k.archived for k in order])[kind]
    life[dice.chosen("archived", record, counts.archived, archived)] = ARCHIVED
    closed = np.array([k.closed for k in order])[kind] * (life == ACTIVE)
    life[dice.chosen("closed", record, counts.organisations - counts.archived - counts.active, closed)] = (
        CLOSED
    )
    return life


def _days(
    dice: Dice, order: list[Kind], kind: Numbers, life: Numbers, record: Numbers
) -> tuple[Numbers, Numbers]:
    """Return operational start and end. Many organisations begin on 1 April and end on 31 March."""
    first = np.array([day_number(date(k.first_year, 4, 1)) for k in order])[kind]
    last = np.array([day_number(date(k.last_year, 8, 20)) for k in order])[kind]
    latest = np.select(
        [life == ARCHIVED, life == CLOSED],
        [np.minimum(last, _CUT_OFF - 400), np.minimum(last, PUBLISHED_DAY - 400)],
        np.minimum(last, PUBLISHED_DAY - 1),
    )
    latest = np.maximum(latest, first)
    start = first + dice.below("start", record, latest - first + 1)
    start = np.where(dice.share("april start", record) < 0.3, _first_of_april(start, first), start)
    least = np.where(life == ARCHIVED, start + 180, np.maximum(start + 90, _CUT_OFF))
    most = np.where(life == ARCHIVED, _CUT_OFF - 1, PUBLISHED_DAY - 1)
    end = least + dice.below("end", record, most - least + 1)
    at_year_end = _first_of_april(end, least + 1) - 1
    end = np.where(dice.share("march end", record) < 0.4, at_year_end, end)
    return start, np.where(life == ACTIVE, NO_DAY, end)


def _first_of_april(days: Numbers, least: Numbers) -> Numbers:
    """Return the 1 April on or before each day, or the day itself if that 1 April is before ``least``."""
    year = days.astype("datetime64[D]").astype("datetime64[Y]")
    april = (year.astype("datetime64[M]") + 3).astype("datetime64[D]").astype(np.int64)
    return np.where((april <= days) & (april >= least), april, days)


def _legal_days(
    dice: Dice, counts: Counts, record: Numbers, life: Numbers, *, start: Numbers, end: Numbers
) -> tuple[Numbers, Numbers]:
    """Return legal start and end, on 19 % of records. They are usually the operational ones.

    Some active records are past their legal end.
    """
    legal = np.zeros(len(record), dtype=bool)
    past = dice.chosen("past legal end", record, counts.active_past_legal_end, life == ACTIVE)
    legal[past] = True
    rest = round(counts.organisations * LEGAL_SHARE) - len(past)
    legal[dice.chosen("legal dates", record, rest, ~legal)] = True
    later = np.where(dice.share("legal start later", record) < 0.2, 1 + dice.below("by days", record, 200), 0)
    legal_end = np.where(legal, end, NO_DAY)
    span = PUBLISHED_DAY - np.maximum(start[past], _CUT_OFF - 3000)
    legal_end[past] = PUBLISHED_DAY - 1 - dice.below("legal end", past, np.maximum(span - 1, 1))
    legal_start = np.where(legal_end == NO_DAY, start + later, np.minimum(start + later, legal_end))
    return np.where(legal, legal_start, NO_DAY), legal_end


def _stamps(dice: Dice, record: Numbers, life: Numbers, start: Numbers, end: Numbers) -> Numbers:
    """Return LastChangeDate: some time after the last event, and never after publication."""
    since = np.where(life == ACTIVE, start, end)
    since = np.clip(since, day_number(date(2012, 7, 1)), PUBLISHED_DAY)
    return since + dice.below("stamp", record, PUBLISHED_DAY - since + 1)


def _operators_and_codes(
    dice: Dice, order: list[Kind], kind: Numbers, life: Numbers, *, start: Numbers, record: Numbers
) -> tuple[Numbers, Numbers]:
    """Return operators and codes. A code made from an operator's code uses the first operator."""
    operator = np.full(len(record), NONE)
    code = np.full(len(record), "", dtype="U9")
    by_name = {k.name: k for k in order}
    is_new = (start >= day_number(FIRST_ANANA)) & np.array(
        ["+" not in k.shape and " " not in k.shape for k in order]
    )[kind]
    anana_used = 0
    for each in order:
        mine = record[kind == each.number]
        if each.operator:
            pool = record[kind == by_name[each.operator].number]
            now, first = pick_parents(dice, each.name, mine, pool, life)
            operator[mine] = now
        if each.shape.startswith("+"):
            code[mine] = np.char.add(code[first], _serials(each.shape[1:], first))
            continue
        plain = mine[~is_new[mine]]
        fits = plain[: capacity(each.shape)]
        code[fits] = scattered(each.shape, np.arange(len(fits)))
        others = np.setdiff1d(mine, fits)
        code[others] = anana(np.arange(anana_used, anana_used + len(others)))
        anana_used += len(others)
    return operator, code


def pick_parents(
    dice: Dice, word: str, children: Numbers, pool: Numbers, life: Numbers
) -> tuple[Numbers, Numbers]:
    """Draw a current parent and a first parent from ``pool`` for each child.

    Some parents have many children. An active child gets an active parent, if there is any.
    """
    ranked = pool[np.argsort(dice.bits(f"{word} parent order", pool), kind="stable")]
    ranked = ranked[np.argsort(life[ranked] != ACTIVE, kind="stable")]
    active = int((life[ranked] == ACTIVE).sum()) or len(ranked)
    reach = np.where(life[children] == ACTIVE, active, len(ranked))
    now = ranked[(dice.share(f"{word} parent", children) ** 1.5 * reach).astype(np.int64)]
    other = ranked[(dice.share(f"{word} first parent", children) ** 1.5 * len(ranked)).astype(np.int64)]
    return now, np.where(dice.share(f"{word} moved", children) < MOVED_SHARE, other, now)


def _serials(shape: str, parents: Numbers) -> Numbers:
    """Number the children of each parent, and spell the numbers in ``shape``."""
    frame = pl.DataFrame({"parent": parents}).with_columns(pl.int_range(pl.len()).over("parent").alias("n"))
    return scattered(shape, frame["n"].to_numpy())


def _texts(dice: Dice, record: Numbers, nouns: Numbers) -> list[pl.Series]:
    """Return name and address. Some names contain ampersands and apostrophes."""

    def word(about: str, words: list[str] | tuple[str, ...]) -> pl.Series:
        return pl.Series(words).gather(dice.below(about, record, len(words)))

    def share(about: str) -> pl.Series:
        return pl.Series(dice.share(about, record))

    columns = pl.DataFrame(
        {
            "noun": nouns.tolist(),
            "a": word("word", WORDS),
            "b": word("other word", WORDS),
            "saint": word("saint", SAINTS),
            "form": share("name form"),
            "street": word("street", WORDS),
            "way": word("street kind", STREETS),
            "second": word("second line", SECOND_LINES),
            "house": dice.below("house", record, 240) + 1,
            "lines": share("lines"),
            "place": dice.below("place", record, len(PLACES)),
            "district": dice.below("district", record, 28) + 1,
            "sector": dice.below("sector", record, 10),
            "unit_1": word("unit 1", tuple(POSTCODE_LETTERS)),
            "unit_2": word("unit 2", tuple(POSTCODE_LETTERS)),
            "missing": share("missing"),
            "uprn": dice.below("uprn", record, 199_000_000_000) + 1_000_000,
        }
    )
    town, county, area = (pl.Series(part).gather(columns["place"]) for part in zip(*PLACES, strict=True))
    columns = columns.with_columns(town.alias("place_name"), county.alias("of_county"), area.alias("area"))
    name = (
        pl.when(pl.col("form") < 0.05)
        .then(pl.format("{} & {} {}", "a", "b", "noun"))
        .when(pl.col("form") < 0.09)
        .then(pl.format("{} {}", "saint", "noun"))
        .when(pl.col("form") < 0.5)
        .then(pl.format("{} {} {}", "place_name", "a", "noun"))
        .otherwise(pl.format("{} {} {}", "a", "b", "noun"))
    )
    return columns.select(
        name.alias("name"),
        pl.format("{} {} {}", "house", "street", "way").alias("address_line_1"),
        pl.when(pl.col("lines") < 0.35).then(pl.format("{} {}", "b", "second")).alias("address_line_2"),
        pl.when(pl.col("lines") < 0.05).then(pl.format("{} VILLAGE", "a")).alias("address_line_3"),
        pl.col("place_name").alias("town"),
        pl.when(pl.col("missing") > 0.3).then("of_county").alias("county"),
        pl.when(pl.col("missing") < 0.99)
        .then(pl.format("{}{} {}{}{}", "area", "district", "sector", "unit_1", "unit_2"))
        .alias("postcode"),
        pl.when(pl.col("missing") > 0.02).then(pl.lit("ENGLAND")).alias("country"),
        pl.when(pl.col("lines") > 0.45).then("uprn").alias("uprn"),
        pl.lit("HSCIC").alias("assigning_authority"),
    ).get_columns()
