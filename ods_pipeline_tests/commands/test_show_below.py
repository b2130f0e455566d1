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


def test_a_negative_limit_is_a_wrong_argument() -> None:
    assert run_on_sample("show", "93C", "--limit", "-1") == 2


def test_a_code_that_begins_with_8_leads_to_the_head_office_to_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = card_of(capsys, "8JX99")
    assert "             A9C1X ELMSTEAD CARE GROUP LIMITED" in card
    assert any(line.startswith("perhaps      of one group with (same postcode") for line in card)
