"""`ods-pipeline show`: the organisations below a code, and those that may be of its group, on the sample."""

import pytest

from ods_pipeline_tests.support.running import run_on_sample


def card_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run_on_sample("show", *arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


def test_what_is_below_can_be_narrowed_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    below = card_of(capsys, "C9902", "--csv", "-", "--closed")
    assert below == [
        "rel_name,ods_code,name,postcode,openness,is_past",
        "IS OPERATED BY,VM901,ROWAN COURT CARE HOME,EN2 9XC,open,false",
        "IS OPERATED BY,VM902,ROWAN & ASH HOME CARE,EN3 9XB,open,false",
        "IS OPERATED BY,VM903,MAPLE HOUSE CARE HOME,N10 9XD,closed,true",
    ]
    assert card_of(capsys, "C9902", "--csv", "-", "--closed", "--open") == below[:3]
    assert card_of(capsys, "D8M2P", "--csv", "-") == below[:1], "nothing is below it"
    everything = card_of(capsys, "93C", "--csv", "-", "--limit", "1")
    practices = card_of(capsys, "93C", "--csv", "-", "--kind", "GP practices")
    assert 1 < len(practices) < len(everything), "the file has all of them, whatever the limit"
    card = card_of(capsys, "93C", "--kind", "pharmacy", "--limit", "2")
    assert [line for line in card if "below it" in line] == ["below it     7 x IS COMMISSIONED BY:"]
    assert "             … and 5 more; --limit 0 shows all" in card


def test_what_is_deleted_was_below_it_until_its_day(capsys: pytest.CaptureFixture[str]) -> None:
    def below(*arguments: str) -> list[str]:
        card = card_of(capsys, "NZ9", *arguments)
        return [line[13:] for line in card if " x IS OPERATED BY" in line or " NZ90" in line[:18]]

    clinic = "NZ901 THE KINGSWAY CLINIC, WC1A 9XB, open"
    assert below()[0] == "1 x IS OPERATED BY, and 1 in the past:"
    now = below("--closed")
    assert now[:2] == [below()[0], clinic]
    assert now[2].startswith("NZ902 ") and now[2].endswith(", deleted")
    # Its own card says the same of these days.
    before = below("--as-of", "2026-08-28")
    assert before[0] == "2 x IS OPERATED BY:"
    assert before[2] == now[2].replace(", deleted", ", open")
    assert below("--as-of", "2026-08-29", "--closed") == now
    assert below("--known", "2026-08-28") == before
    assert below("--closed", "--known", "2026-09-03") == ["1 x IS OPERATED BY:", clinic]
    written = card_of(capsys, "NZ9", "--closed", "--csv", "-")
    assert [line.rpartition(",WC1A")[2].partition(",")[2] for line in written[1:]] == [
        "open,false",
        "deleted,true",
    ]


def test_a_negative_limit_is_a_wrong_argument() -> None:
    assert run_on_sample("show", "93C", "--limit", "-1") == 2


def test_a_code_that_begins_with_8_leads_to_the_head_office_to_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = card_of(capsys, "8JX99")
    assert "             A9C1X ELMSTEAD CARE GROUP LIMITED" in card
    assert any(line.startswith("perhaps      of one group with (same postcode") for line in card)
