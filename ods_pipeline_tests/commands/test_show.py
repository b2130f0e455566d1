"""`ods-pipeline show`: the card of a code, on the sample."""

import json
from pathlib import Path

import duckdb
import pytest

from ods_pipeline.lookup.card_text import LABEL_WIDTH
from ods_pipeline_tests.support.rooms import run_cli, sample_root
from ods_pipeline_tests.support.running import run_here, run_on_sample


def card_of(capsys: pytest.CaptureFixture[str], *arguments: str, root: Path | None = None) -> list[str]:
    assert run_here("show", *arguments, "--data-root", root or sample_root().path) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run_on_sample("show", *arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1
    return err


def test_a_card_has_what_the_organisation_is_and_what_it_belongs_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = card_of(capsys, "y99903")
    assert card[0] == "Y99903  WEAVER'S YARD HEALTH CENTRE"
    assert card[1] == "PRESCRIBING COST CENTRE (RO177), an organisation"
    assert card[2].startswith("Open ")
    text = "\n".join(card)
    assert "operational  2015-04-01 to (no end)" in text
    assert "IS PARTNER TO U90001 BARNET NORTHSIDE PCN  2019-07-01 to 2026-09-30\n" in text
    assert "IS PARTNER TO U90002 BARNET BROOK PCN  2026-10-01 to (no end)  [ahead]\n" in text
    assert "IS COMMISSIONED BY 07M NHS BARNET CCG  2015-04-01 to 2020-03-31  [ended]\n" in text
    assert card[-1] == (
        "  2026-10-01  parent changed U90002 BARNET BROOK PCN (pcn: IS PARTNER TO U90001 -> U90002)"
        "  seen 2026-09-03  [ahead]"
    )


def test_active_past_the_legal_end_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    card = card_of(capsys, "RRP")
    assert "Closed in law on 2024-10-31, still in operation" in card[2]
    assert "succession" in "\n".join(card)
    assert any("legally closed" in line and line.startswith("  2024-11-01") for line in card)


def test_as_of_changes_what_holds(capsys: pytest.CaptureFixture[str]) -> None:
    card = card_of(capsys, "RRP", "--as-of", "2024-06-30")
    assert card[2] == "Open on 2024-06-30; its last day is 2024-10-31"
    assert any(line.startswith("below it     6 x IS OPERATED BY") for line in card)
    assert any(line.startswith("             A0D9N ADHD CLINIC") for line in card)
    assert any(line.startswith("  2024-11-01") and line.endswith("[ahead]") for line in card)


@pytest.mark.promise("as_of_then")
def test_known_changes_what_was_known(capsys: pytest.CaptureFixture[str]) -> None:
    before = "\n".join(card_of(capsys, "FX103", "--known", "2026-08-27"))
    now = "\n".join(card_of(capsys, "FX103"))
    assert "tel 020 7946 0202" in before and "tel 020 7946 0299" in now
    assert "The register on 2026-08-27; this version dates from 2026-08-21." in before
    assert "Changes seen up to 2026-08-27\n  nothing" in before
    assert "contact changed (tel: 020 7946 0202 -> 020 7946 0299)  seen 2026-08-28" in now


def test_both_days_together_give_what_the_register_then_held_about_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = "\n".join(card_of(capsys, "Y99903", "--known", "2026-09-01", "--as-of", "2026-11-01"))
    assert "IS PARTNER TO U90001 BARNET NORTHSIDE PCN  2019-07-01 to (no end)\n" in card
    assert "U90002" not in card
    card = "\n".join(card_of(capsys, "Y99903", "--known", "2026-09-03", "--as-of", "2026-11-01"))
    assert "IS PARTNER TO U90002 BARNET BROOK PCN  2026-10-01 to (no end)\n" in card


def test_a_deleted_code_still_has_its_card(capsys: pytest.CaptureFixture[str]) -> None:
    card = card_of(capsys, "NZ902")
    assert card[2].startswith("Deleted from the register on 2026-08-29")
    assert card[-1] == "  2026-08-29  deleted (confirmed, ord_notifications)  seen 2026-09-01"
    doubtful = card_of(capsys, "V99003")
    assert (
        "It may be deleted since 2026-08-28 (the API no longer gives its record); nothing has confirmed it."
        in doubtful
    )


def test_a_deletion_is_on_every_card_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    deleted = "eleted from the register on 2026-08-29"
    assert card_of(capsys, "NZ902", "--as-of", "2026-09-03")[2] == f"D{deleted}"
    assert card_of(capsys, "NZ902", "--as-of", "2026-08-28")[2] == f"Open on 2026-08-28; d{deleted}"
    assert card_of(capsys, "NZ902", "--known", "2026-08-28")[2] == "Open on 2026-08-28"


# Changes the relationship of Y99903 to another organisation.
UPDATE = "UPDATE history.relationships SET {} WHERE ods_code = 'Y99903' AND target_ods_code = '{}'"


def test_relationships_hold_on_the_days_that_the_marts_give_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "ods.duckdb"
    file.write_bytes((sample_root().path / "ods.duckdb").read_bytes())
    legal_end = "legal_start = operational_start, legal_end = DATE '2020-03-31', operational_end = NULL"
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE history.organisations SET last_change_date = DATE '2026-09-03'")
        connection.execute(UPDATE.format("status = 'Inactive', operational_end = NULL", "U90001"))
        connection.execute(UPDATE.format(f"status = 'Active', {legal_end}", "07M"))

    def relationships(*arguments: str) -> list[str]:
        card = card_of(capsys, "Y99903", *arguments, root=tmp_path)
        assert not any("relationship ended" in line and ("U90001" in line or "07M" in line) for line in card)
        return sorted(line[LABEL_WIDTH:] for line in card if " U90001 " in line or " 07M " in line)[-2:]

    commissioned = "IS COMMISSIONED BY 07M NHS BARNET CCG  2015-04-01 to (no end)"
    partner = "IS PARTNER TO U90001 BARNET NORTHSIDE PCN  2019-07-01 to (no end)"
    assert relationships() == [commissioned, f"{partner}  [Inactive]"]
    assert relationships("--as-of", "2026-09-02") == [commissioned, partner]


@pytest.mark.promise("explained")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RRQX"], "or not a code. Codes like it: RQX, RRQ. For a name: ods-pipeline find RRQX. A care serv"),
        (
            ["z8r4w"],
            "z8r4w: deleted on 2026-08-20, according to a notice of ODS; no record of it is held. See",
        ),
        (
            ["maple house"],
            "maple house: these are words, not a code. Look for the name: ods-pipeline find 'm",
        ),
        (
            ["n10 9xd"],
            "n10 9xd: this is a postcode, not a code. List who is there: ods-pipeline find 'n10 9xd'",
        ),
        (["?!"], "Check the code"),
        (["RRP", "--known", "2020-01-01"], "nothing is known of the register before 2026-08-21"),
        (["RRP", "--known", "2026-09-05"], "held as of 2026-09-04, and nothing is known of later days. Give"),
        (["H8Q2Z", "--known", "2026-08-22"], "did not hold it on 2026-08-22 (it did from 2026-08-24 to now)"),
        (["NZ902", "--known", "2026-09-01"], "(it did from 2026-08-21 to 2026-08-29)"),
    ],
)
def test_an_error_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert message in error_of(capsys, *arguments)


def test_a_head_office_lists_its_places_and_says_which_code_to_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = card_of(capsys, "A9C1X")
    assert "             D8M2P MAPLE HOUSE RESIDENTIAL HOME, N10 9XD, open" in card
    assert any(line.startswith("For the whole group use this code") for line in card)
    assert "             … and 1 more; --limit 0 shows all" in card_of(capsys, "A9C1X", "--limit", "1")
    assert any("begins with 8" in line for line in card_of(capsys, "8JX99"))
    assert not any("begins with 8" in line for line in card_of(capsys, "84H"))


def test_the_past_of_a_head_office_is_counted_and_named_on_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "below it     6 x IS OPERATED BY in the past, none on the day" in "\n".join(card_of(capsys, "RRP"))
    past = [line for line in card_of(capsys, "RRP", "--closed") if ", no longer below it" in line]
    assert len(past) > 0 and any("A0D9N ADHD CLINIC" in line for line in past)


def test_a_card_has_the_icb_with_its_basis_and_the_region(capsys: pytest.CaptureFixture[str]) -> None:
    (area,) = [line for line in card_of(capsys, "RRP") if line.startswith("area ")]
    assert "ICB Z9B2Z" in area and "(by its geography), region Y56" in area


def test_a_sub_icb_location_has_its_icb_by_no_commissioner(capsys: pytest.CaptureFixture[str]) -> None:
    basis = "INTEGRATED CARE BOARD (as its sub-ICB location), region Y56"
    for day in ([], ["--as-of", "2024-04-01"]):
        assert any(basis in line for line in card_of(capsys, "93C", *day) if line.startswith("area "))
    run_on_sample("find", "93C")
    assert basis in capsys.readouterr().out
    # What it commissions has its ICB through it.
    assert any("(by its commissioner)" in line for line in card_of(capsys, "E83003"))


@pytest.mark.parametrize(
    ("arguments", "area"),
    [
        pytest.param("E83003 --as-of 2026-03-31", "ICB QMJ NHS NORTH CENTRAL LONDON", id="ICB of the day"),
        pytest.param("E83003 --as-of 2026-04-01", "ICB Z9B2Z NHS WEST AND NORTH LONDON", id="the day after"),
        pytest.param(
            "E83003 --as-of 2020-03-31",
            "no ICB: ODS began to record them in April 2020; Q71 NHS ENGLAND LONDON (local office",
            id="before ICBs",
        ),
        pytest.param("YD999", "no ICB: a commissioning hub commissions it", id="under a hub"),
        pytest.param("VM903", "last: ICB QMJ NHS NORTH CENTRAL LONDON", id="closed"),
    ],
)
def test_the_area_is_that_of_the_day(capsys: pytest.CaptureFixture[str], arguments: str, area: str) -> None:
    (line,) = [line for line in card_of(capsys, *arguments.split()) if line.startswith("area ")]
    assert line[LABEL_WIDTH:].startswith(area)


def test_the_area_says_nothing_of_another_day_of_the_register(capsys: pytest.CaptureFixture[str]) -> None:
    """The marts describe the newest state of the register alone."""
    assert not any(line.startswith("area ") for line in card_of(capsys, "RRP", "--known", "2026-08-24"))


def test_find_and_show_give_one_reason_for_a_code_that_is_not_held(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = error_of(capsys, "ZZZ99")
    run_on_sample("find", "ZZZ99")
    reason, advice = capsys.readouterr().out.splitlines()
    assert reason.removeprefix("ZZZ99: N") in shown and advice.strip() in shown
    assert "CQC" in advice and "OC1" in advice and "guidance of January 2024" in advice


def test_without_a_published_set_there_is_no_card(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run_here("show", "RRP", "--data-root", tmp_path) == 1
    advice = f"nothing is published here. Run: ods-pipeline build --data-root {tmp_path}."
    assert advice in capsys.readouterr().err


def test_it_works_in_a_pipe() -> None:
    ran = run_cli("show", "RRP", "--data-root", sample_root().path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("RRP  BARNET, ENFIELD AND HARINGEY MENTAL HEALTH NHS TRUST\n")
    assert "\x1b" not in ran.stdout


def test_the_kind_is_that_of_find_and_not_the_role_of_before(capsys: pytest.CaptureFixture[str]) -> None:
    card = card_of(capsys, "93C")
    assert card[1] == "CLINICAL COMMISSIONING GROUP (RO98), an organisation"
    assert "kind         sub_icb" in card
    assert "kind         gp_practice" in card_of(capsys, "E83003")
    assert "kind         trust" in card_of(capsys, "G6V2S", "--as-of", "2024-07-09")  # a day before it opened


def test_a_closed_code_has_what_may_have_replaced_it_and_no_word_to_use_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = card_of(capsys, "VM903")
    at = card.index("perhaps      replaced by (inferred; ODS records no successor):")
    assert card[at + 1].strip() == (
        "D8M2P MAPLE HOUSE RESIDENTIAL HOME  (same UPRN, same name, opened the day after)"
    )
    assert not any(line.startswith("For this one place use this code") for line in card)
    assert any(line.startswith("For this one place use this code") for line in card_of(capsys, "D8M2P"))
    assert not any("replaced by" in line for line in card_of(capsys, "VM903", "--as-of", "2025-01-01"))


def test_why_a_head_office_has_no_icb(capsys: pytest.CaptureFixture[str]) -> None:
    assert "area         no ICB: ODS states none for head offices" in card_of(capsys, "P9X1")


def test_a_succession_is_ahead_of_an_earlier_day(capsys: pytest.CaptureFixture[str]) -> None:
    ahead = "succession   succeeded by 93C NHS NORTH CENTRAL LONDON ICB - 93C  from 2020-04-01"
    assert ahead in card_of(capsys, "08H")
    assert f"{ahead}  [ahead]" in card_of(capsys, "08H", "--as-of", "2019-06-30")


def test_a_card_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    (card,) = json.loads("\n".join(card_of(capsys, "u90001", "--json", "--limit", "1")))
    assert (card["ods_code"], card["kind"], card["openness"]) == ("U90001", "pcn", "open")
    assert card["day"] == "2026-09-04" and card["known"] is None
    assert card["area"]["icb_code"] == "Z9B2Z"
    practices = next(row for row in card["below"] if row["rel_name"] == "IS PARTNER TO")
    assert practices["organisations"] == len(practices["named"]) == 8
    assert practices["named"][0] == {
        "ods_code": "E83003",
        "name": "OAKLEIGH ROAD HEALTH CENTRE",
        "postcode": "N20 0DH",
        "openness": "open",
        "is_past": False,
    }
    assert card["parents"][0]["target_ods_code"] == "93C" and card["parents"][0]["holds"]
    assert card["history"][0]["event"] == "opened"
    (deleted,) = json.loads("\n".join(card_of(capsys, "NZ902", "--json")))
    assert deleted["openness"] == "deleted"
    (before,) = json.loads("\n".join(card_of(capsys, "NZ902", "--json", "--as-of", "2026-08-01")))
    assert before["openness"] == "open"
