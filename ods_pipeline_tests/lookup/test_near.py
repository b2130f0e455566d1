"""`find --near`: distances as people write them, and what is printed."""

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.near import metres_of
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import Main


@pytest.mark.parametrize(
    ("text", "metres"),
    [("2km", 2000), ("500m", 500), (" 1.5 KM ", 1500), ("1 mile", 1609.344), ("2miles", 3218.688)],
)
def test_a_distance_as_people_write_it(text: str, metres: float) -> None:
    assert metres_of(text) == pytest.approx(metres)


@pytest.mark.parametrize("text", ["", "2", "km", "-2km", "0km", "2 furlongs", "1e9km", "2,5km"])
def test_what_is_not_a_distance_is_rejected(text: str) -> None:
    with pytest.raises(OdsError, match="this is not a distance"):
        metres_of(text)


def find(run_main: Main, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    code = run_main("find", *options, "--data-root", sample_root().path)
    out, err = capsys.readouterr()
    return code, out, err


def test_find_near_prints_the_nearest_first(run_main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = find(run_main, capsys, "--near", "n10 9xd", "--within", "3km", "--open")
    lines = out.splitlines()
    assert code == 0 and lines[0].endswith("straight line in metres, NSPL 2026-08")
    metres = [int(line.split(" m, ")[0].replace(",", "")) for line in lines[2::2]]
    assert len(metres) > 2 and metres == sorted(metres) and metres[-1] <= 3000
    assert "closed" not in out and "D8M2P" in out


def test_find_near_takes_a_kind(run_main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = find(run_main, capsys, "--near", "N10", "--within", "20km", "--kind", "pharmacy")
    assert code == 0 and "the middle of the known postcodes of the district" in out
    assert all(line.endswith("(pharmacy)") for line in out.splitlines()[1::2])
    code, out, _ = find(run_main, capsys, "--near", "N10 9XD", "--within", "1m", "--kind", "prison")
    left_out = "2 match, and none of them is what --kind asks for\n"
    assert (code, out) == (5, f"Nothing like that within 1 m of N10 9XD.\n{left_out}")


def test_find_near_reports_what_it_leaves_out_and_no_others(
    run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = find(run_main, capsys, "--near", "N10", "--within", "1m", "--kind", "prison", "--open")
    assert (code, out) == (5, "Nothing within 1 m of N10.\n")


def test_find_near_without_an_answer_has_the_columns_all_the_same(
    run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    near = ("--near", "N10 9XD", "--within", "1km", "--csv", "-")
    _, full, err = find(run_main, capsys, *near)
    code, empty, reason = find(run_main, capsys, *near, "--kind", "prison")
    assert (code, empty) == (5, full.splitlines()[0] + "\n") and err == ""
    assert reason.startswith("Nothing like that within 1,000 m of N10 9XD.\n")


@pytest.mark.parametrize(
    "typed",
    [
        "(N10 9XD)",
        "N10 9XD.",
        "N10-9XD",
        "n10 9xd,",
        "N10\u20139XD",
        "\uff2e10 9XD",
        "n10\u00a09xd",
        "London, N10 9XD",
    ],
)
def test_near_reads_a_postcode_however_it_is_written(
    run_main: Main, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    code, out, _ = find(run_main, capsys, "--near", typed, "--within", "1km")
    assert code == 0 and " within 1,000 m of N10 9XD; " in out.splitlines()[0]


@pytest.mark.parametrize("typed", ["N1O 9XD", "NlO 9XD", "nl09xd", "N10  9XD "])
def test_near_takes_letters_for_the_digits_they_look_like_and_reports_it(
    run_main: Main, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    code, out, _ = find(run_main, capsys, "--near", typed, "--within", "1km")
    taken = "" if "10  9" in typed else f" (taken for {typed.upper()}, which is not known)"
    assert code == 0 and f" m of N10 9XD{taken}; " in out.splitlines()[0]


def test_near_names_the_sector_that_a_postcode_is_unknown_in(
    run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = find(run_main, capsys, "--near", "N10-9ZZ", "--within", "1km")
    assert " m of N10 9 (the middle of the known postcodes of the sector); " in out.splitlines()[0]


PROBLEMS = {
    ("--near", "XX9 9XX"): "XX9 9XX: neither this postcode nor its sector is known.",
    ("--near", "N10 9XD", "--within", "far"): "far: this is not a distance. Give one such as 500m",
    ("boots", "--near", "N10 9XD"): "boots: --near is given as well. Give either words or --near.",
    ("boots", "--within", "2km"): "--within belongs to --near",
}


@pytest.mark.parametrize("options", PROBLEMS, ids=" ".join)
def test_problems_are_named(
    run_main: Main, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    code, _, err = find(run_main, capsys, *options)
    assert code == 1 and PROBLEMS[options] in err
