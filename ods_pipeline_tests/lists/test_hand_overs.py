"""Lists as people hand them over: bullets, numbered lines, web addresses, codes with a blank between them."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from ods_pipeline.lists.judging import judge
from ods_pipeline_tests.support.lists import read_list

TODAY = date(2026, 9, 4)
BOTH = [(1, "RKE", "good"), (2, "E83003", "good")]
API = "https://directory.spineservices.nhs.uk/ORD/2-0-0/organisations"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("\u25cf RKE\n\u25cf E83003\n", BOTH),
        ("\uf0b7 RKE\n\uf0a7 E83003\n", BOTH),  # as Word copies bullets of its own fonts
        ("\u2713 RKE\n\u2192 E83003\n", BOTH),
        ("> RKE\n> E83003\n", BOTH),
        ("- [ ] RKE\n- [x] E83003\n", BOTH),
        ("a) RKE\nb) E83003\n", BOTH),
        ("(i) RKE\n(ii) E83003\n", BOTH),
        ("1: RKE\n2: E83003\n", BOTH),
        ("#1 RKE\n#2 E83003\n", BOTH),
        ("1) RKE Whittington\n2) E83003 Oakleigh\n", BOTH),
        ("1. RKE - Whittington Health\n2. E83003 - Oakleigh\n", BOTH),
        (f"{API}/RKE\n{API}/E83003/\n", BOTH),
        ("https://a.example/Details?organisationId=21&code=E83003&x=1\n", [(1, "E83003", "good")]),
        (f"Whittington,{API}/RKE\nOakleigh,{API}/E83003\n", BOTH),
        ("RKE E83003\n", [(1, "RKE", "good"), (1, "E83003", "good")]),
        ("E83003 - RKE\n", [(1, "E83003", "good"), (1, "RKE", "good")]),
        ("\u2022\tRKE\tWhittington\n\u2022\tE83003\tOakleigh\n", BOTH),
        ("RKE - Whittington\nE83003 \u2013 Oakleigh\n", BOTH),
    ],
)
def test_what_people_put_around_codes(
    sample: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, expected: list[tuple[int, str, str]]
) -> None:
    rows = judge(sample, read_list(tmp_path, content), TODAY, None)
    assert rows.select("line", "code", "verdict").rows() == expected


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        ("RKE\nhttps://www.nhs.example/about\n", "no_code"),
        ("RKE\nhttps://www.nhs.example/new\n", "no_code"),  # three small letters are a word
        ("RKE\nA. Lee\n", "no_code"),  # an initial, not the letter of a line
        ("RKE\n1. NHS trusts only\n2. THE rest is closed\n", "not_an_entry"),
        ("RKE\n1. ALB has closed\n", "not_an_entry"),  # one alone may be a footnote
    ],
)
def test_what_is_like_it_and_is_no_code(
    sample: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, verdict: str
) -> None:
    rows = judge(sample, read_list(tmp_path, content), TODAY, None)
    assert {*rows.filter(rows["given"] != "RKE")["verdict"]} == {verdict}
