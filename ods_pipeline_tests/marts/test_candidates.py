"""Who may have succeeded a closed code: planted truths, false friends, the trail to an open code."""

from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest

from ods_pipeline_tests.marts.successors import HIGH_STREET, at
from ods_pipeline_tests.support.small_registers import Row, mart_on, marts_on, write

TODAY = date(2026, 9, 4)
DAY = timedelta(days=1)
PLACES = 150  # a person can raise it: python -m pytest -k planted, with PLACES = 20_000
FIRST = ("ASH", "BRIAR", "CEDAR", "DOVE", "ELM", "FERN", "GROVE", "HAZEL", "IVY", "LARCH", "MOSS", "OAK")
SECOND = ("BANK", "COURT", "DENE", "FIELD", "GATE", "HILL", "LODGE", "MERE", "PARK", "VIEW", "WOOD", "YARD")


def pairs(rows: pl.DataFrame) -> list[tuple[str, str]]:
    return rows.select("old_code", "candidate_code").sort("old_code", "candidate_code").rows()


@pytest.mark.promise("no_guess")
def test_a_pharmacy_that_changes_hands_is_followed_to_the_one_that_is_open(tmp_path: Path) -> None:
    counter = {"address_line_1": "61 ARUNDEL AVENUE", "postcode": "SK7 5LD"}
    shut = {"address_line_1": "1 HIGH STREET", "postcode": "SK7 4AA"}
    organisations = [
        at("FYC29", "RO182", "JOHNSON ARUNDEL LTD", "1996-10-01", "2005-05-31", **counter),
        at("FJX29", "RO182", "KNIGHTS PHARMACY", "2005-06-01", "2006-05-31", **counter),
        at("FA002", "RO182", "ROWLANDS PHARMACY", "2006-06-01", None, **counter),
        at(
            "FNEXT",
            "RO182",
            "OTHER COUNTER",
            "2006-06-01",
            None,
            **counter | {"address_line_1": "75 LOW WAY"},
        ),
        at("FAP72", "RO182", "MOSS PHARMACY", "1996-10-01", "2005-05-31", **shut),
        at("FAP73", "RO182", "BOOTS", "2005-06-01", "2020-03-31", **shut),
    ]
    built = marts_on(write(tmp_path, organisations), TODAY, "code_finder", "successor_candidates")
    rows = built["successor_candidates"]
    assert pairs(rows) == [("FAP72", "FAP73"), ("FJX29", "FA002"), ("FYC29", "FJX29")]
    candidates = {
        old: tuple(rest) for old, *rest in rows.select("old_code", "now_codes", "outcome", "reason").rows()
    }
    other = "Same address, other name, opened the day after"
    assert candidates == {
        "FAP72": ([], "closed on 2020-03-31", other),
        "FJX29": (["FA002"], None, other),
        "FYC29": (["FA002"], "then FA002", other),
    }
    found = {
        code: tuple(rest)
        for code, *rest in built["code_finder"].select("ods_code", "candidate_codes", "explanation").rows()
    }
    assert found["FYC29"][0] == ["FA002"] and found["FYC29"][1].endswith("; perhaps FJX29, then FA002")
    assert found["FAP72"][0] == [] and found["FAP72"][1].endswith("; perhaps FAP73, closed on 2020-03-31")


@pytest.mark.parametrize(
    ("opens", "days_between", "words"),
    [
        ("2024-03-28", -4, "opened 3 days before the end"),
        ("2024-03-30", -2, "opened the day before the end"),
        ("2024-03-31", -1, "opened on the last day"),
        ("2024-04-01", 0, "opened the day after"),
        ("2024-04-02", 1, "opened 2 days after"),
    ],
)
def test_the_reason_counts_from_the_last_day(
    tmp_path: Path, opens: str, days_between: int, words: str
) -> None:
    place = {"address_line_1": "3 HIGH STREET", "postcode": "LS1 1AB"}
    organisations = [
        at("FA301", "RO182", "OAK PHARMACY", "2010-01-01", "2024-03-31", **place),
        at("FA302", "RO182", "ELM CHEMIST", opens, None, **place),
    ]
    ((days, reason),) = (
        mart_on("successor_candidates", write(tmp_path, organisations), TODAY)
        .select("days_between", "reason")
        .rows()
    )
    assert (days, reason) == (days_between, f"Same address, other name, {words}")


@pytest.mark.parametrize(("today", "verb"), [("2024-04-05", "opens"), ("2024-04-06", "opened")])
def test_one_that_is_announced_opens_and_has_not_opened(tmp_path: Path, today: str, verb: str) -> None:
    organisations = [
        at("FA311", "RO182", "OAK PHARMACY", "2010-01-01", "2024-03-31", **HIGH_STREET),
        at("FA312", "RO182", "ELM CHEMIST", "2024-04-06", None, **HIGH_STREET),
    ]
    rows = mart_on("successor_candidates", write(tmp_path, organisations), date.fromisoformat(today))
    assert rows["reason"].to_list() == [f"Same address, other name, {verb} 6 days after"]


@pytest.mark.promise("no_guess")
def test_two_that_were_open_next_to_each_other(tmp_path: Path) -> None:
    tawton = {"address_line_1": "DEVONSHIRE HOUSE", "postcode": "EX20 2EX"}
    centre = {"address_line_1": "THE HEALTH CENTRE", "postcode": "M21 9NJ"}
    name = "NORTH TAWTON MEDICAL PRACTICE"
    organisations = [
        at("L83633", "RO177", name, "1974-04-01", "2016-05-31", **tawton),
        at("Y04979", "RO177", name, "2015-05-01", "2018-04-30", **tawton),
        at("L83000", "RO177", "OKEMENT SURGERY", "2015-05-01", None, **tawton),  # the false friend
        at("P84057", "RO177", "KAYA PRACTICE", "1974-04-01", "2015-12-31", **centre),
        at("P84068", "RO177", "CHORLTON FAMILY PRACTICE", "1974-04-01", None, **centre),
        at("P84070", "RO177", "KAYA PRACTICE", "2012-04-01", None, **centre),  # open for too long
        at(
            "P84071", "RO177", "KAYA PRACTICE", "2015-10-01", "2015-12-31", **centre
        ),  # closed on the same day
    ]
    rows = mart_on("successor_candidates", write(tmp_path, organisations), TODAY)
    assert pairs(rows) == [("L83633", "Y04979")]
    assert rows["outcome"].to_list() == ["closed on 2018-04-30"]
    assert rows["reason"].to_list() == ["Same address, same name, opened 396 days before the end"]


@pytest.mark.parametrize(
    ("opens", "closes", "days"),
    [
        ("2022-04-01", "2024-03-31", -731),  # two years from April to March, one of them a leap year
        ("2021-04-01", "2023-03-31", -730),
        ("2022-03-31", "2024-03-31", None),
        ("2024-10-01", "2024-03-31", 183),
        ("2024-10-02", "2024-03-31", None),
    ],
)
def test_the_limits_of_days_are_those_of_the_check(
    tmp_path: Path, opens: str, closes: str, days: int | None
) -> None:
    place = {"address_line_1": "4 HIGH STREET", "postcode": "LS1 1AC"}
    organisations = [
        at("L83701", "RO177", "ELMWOOD SURGERY", "1990-01-01", closes, **place),
        at("L83702", "RO177", "ELMWOOD SURGERY", opens, None, **place),
    ]
    rows = mart_on("successor_candidates", write(tmp_path, organisations), TODAY)  # its checks pass
    assert rows["days_between"].to_list() == ([] if days is None else [days])


@pytest.mark.promise("no_guess")
def test_a_name_without_words_of_its_own_counts_at_the_same_place(tmp_path: Path) -> None:
    starts = ["2014-06-02", "2015-05-01", "2015-11-29", "2016-02-01"]
    organisations = []
    for n, start in enumerate(starts):  # each in a street of its own
        street = HIGH_STREET | {"postcode": f"LS{n} 1AA"}
        organisations += [
            at(f"L{n}", "RO177", "THE SURGERY", "1974-04-01", "2016-05-31", **street),
            at(f"YA{n}", "RO177", "THE SURGERY", start, None, **street),
            # False friends: another name, a name with a word of its own, another house, open for too long.
            at(f"YB{n}", "RO177", "OKEMENT SURGERY", "2015-05-01", None, **street),
            at(f"YC{n}", "RO177", "THE SURGERY A", "2015-05-01", None, **street),
            at(
                f"YD{n}",
                "RO177",
                "THE SURGERY",
                "2015-05-01",
                None,
                **street | {"address_line_1": "9 LOW WAY"},
            ),
            at(f"YE{n}", "RO177", "THE SURGERY", "2014-05-31", None, **street),
        ]
    rows = mart_on("successor_candidates", write(tmp_path, organisations), TODAY)
    assert pairs(rows) == [(f"L{n}", f"YA{n}") for n in range(len(starts))]
    assert rows["reason"].str.starts_with("Same address, same name, opened ").all()


# Legal end, operational end, opening of the other one, and the day of the closing if they adjoin.
ENDS: list[tuple[str | None, str | None, str, str | None]] = [
    ("2016-03-31", "2016-05-31", "2016-06-01", "2016-05-31"),
    ("2016-12-31", "2016-05-31", "2016-06-01", "2016-05-31"),
    ("2016-03-31", "2016-05-31", "2016-04-01", "2016-03-31"),
    ("2016-12-31", "2016-05-31", "2017-01-01", "2016-12-31"),
    ("2016-05-31", "2016-05-31", "2016-06-01", "2016-05-31"),
    ("2024-10-31", None, "2024-11-01", "2024-10-31"),
    (None, "2016-05-31", "2016-06-01", "2016-05-31"),
    ("2016-03-31", "2016-05-31", "2016-06-09", None),
]


@pytest.mark.promise("no_guess")
def test_days_adjoin_the_legal_end_or_the_operational_one(tmp_path: Path) -> None:
    organisations, expected = [], []
    for n, (legal_end, operational_end, opened, closed_on) in enumerate(ENDS):  # each in a street of its own
        street = HIGH_STREET | {"postcode": f"LS{n} 1AA"}
        law = {"legal_start": date(1990, 1, 1), "legal_end": legal_end and date.fromisoformat(legal_end)}
        organisations += [
            at(f"FA{n}", "RO182", "ABC PHARMACY", "1990-01-01", operational_end, **law, **street),
            at(f"FB{n}", "RO182", "XYZ", opened, None, **street),
        ]
        expected += [(f"FA{n}", f"FB{n}", date.fromisoformat(closed_on), 0)] if closed_on else []
    rows = mart_on("successor_candidates", write(tmp_path, organisations), TODAY).sort("old_code")
    assert rows.select("old_code", "candidate_code", "closed_on", "days_between").rows() == expected


@pytest.mark.promise("no_guess")
def test_two_with_two_ends_each_are_not_candidates_of_each_other(tmp_path: Path) -> None:
    def with_ends(code: str, start: str, operational_end: str, legal_end: str) -> Row:
        law = {"legal_start": date.fromisoformat(start), "legal_end": date.fromisoformat(legal_end)}
        return at(code, "RO177", "ASH SURGERY", start, operational_end, **law, **HIGH_STREET)

    # Each was open in law after the other stopped working; only one of them stopped working later.
    organisations = [
        with_ends("A", "2015-04-01", "2016-05-31", "2016-12-31"),
        with_ends("B", "2015-06-01", "2016-06-30", "2016-11-30"),
    ]
    rows = mart_on("successor_candidates", write(tmp_path, organisations), TODAY)
    assert rows.select("old_code", "candidate_code", "closed_on").rows() == [("A", "B", date(2016, 5, 31))]


def test_a_trail_goes_on_through_recorded_successions(tmp_path: Path) -> None:
    here = {"uprn": 7, "postcode": "N1 1AA"}
    organisations = [
        at("A", "RO177", "ASH SURGERY", "1990-04-01", "2010-03-31", **here),
        at("B", "RO177", "ASH SURGERY", "2010-04-01", "2015-03-31", **here),
        at("C", "RO177", "BIRCH SURGERY", "2000-04-01", None),
        at("D", "RO177", "CEDAR SURGERY", "2000-04-01", None),
    ]
    successions = [
        {"ods_code": "B", "succession_type": "Successor", "target_ods_code": code}
        | {"legal_start": date(2015, 4, 1)}
        for code in ("C", "D")
    ]
    build = write(tmp_path, organisations, successions=successions)
    (row,) = mart_on("successor_candidates", build, TODAY).to_dicts()
    assert (row["candidate_code"], row["now_codes"], row["outcome"]) == ("B", ["C", "D"], "then C, D")


def planted(folder: Path) -> tuple[Path, set[tuple[str, str]]]:
    """A register of places at each of which one thing happened, and the successions that are true."""
    dice = Random(17)
    rows: list[Row] = []
    true: set[tuple[str, str]] = set()
    for n in range(PLACES):
        kind, noun = dice.choice((("RO182", "PHARMACY"), ("RO177", "SURGERY"), ("RO101", "CARE HOME")))
        names = [f"{dice.choice(FIRST)} {dice.choice(SECOND)} {noun}" for _ in range(3)]
        place = {"postcode": f"N{n % 90 + 1} {n // 90 % 9 + 1}AA", "address_line_1": f"{n} HIGH STREET"}
        uprn = {"uprn": 1000 + n} if dice.random() < 0.5 else {}
        end = date(2012, 1, 1) + timedelta(dice.randrange(4000))
        gap = dice.choice((0, 0, 0, 1, 3, 20, 90))
        old, new, other = f"O{n}", f"N{n}", f"X{n}"
        start = end + DAY + gap * DAY
        rows.append(at(old, kind, names[0], "2000-04-01", str(end), **place, **uprn))
        neighbour = place | {"address_line_1": f"{n + 1} OTHER STREET"}
        story = dice.choice(("same name", "other name", "overlap", "moved in next door", "closed for good"))
        if story in ("same name", "overlap"):
            first = end - timedelta(dice.randrange(190, 700)) if story == "overlap" else start
            rows.append(at(new, kind, names[0], str(first), None, **place, **uprn))
            true.add((old, new))
        elif story == "other name":
            rows.append(at(new, kind, names[1], str(end + DAY + min(gap, 3) * DAY), None, **place, **uprn))
            true.add((old, new))
        elif story == "moved in next door":  # another one of the kind, in another house of the postcode
            rows.append(at(other, kind, names[1], str(start), None, **neighbour))
        # Always next to it: one that has been there for years, and one of another kind that opens on the day.
        rows.append(at(f"Y{n}", kind, names[2], "2001-04-01", None, **place))
        rows.append(at(f"Z{n}", "RO96", names[0], str(end + DAY), None, **place))
    return write(folder, rows), true


def test_candidates_are_judged_by_planted_truths(tmp_path: Path) -> None:
    build, true = planted(tmp_path)
    rows = mart_on("successor_candidates", build, TODAY)
    proposed = set(pairs(rows))
    precision, recall = len(proposed & true) / len(proposed), len(proposed & true) / len(true)
    assert precision >= 0.95 and recall >= 0.95, (precision, recall, proposed - true, true - proposed)
    # The score is calibrated: the higher, the more of the pairs are right.
    strong = rows.filter(pl.col("score") >= 0.9)
    assert set(pairs(strong)) <= true
