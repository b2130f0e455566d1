"""Days and kinds as people type them."""

from datetime import date

import pytest

from ods_pipeline.commands.days import day_of
from ods_pipeline.commands.listing import kind_of

DAYS = ["2024-09-01", "01/09/2024", "1/9/2024", "1.9.2024", "01-09-2024", "2024/09/01", " 1 September 2024"]
DAYS += ["1st September 2024", "1st of Sept. 2024", "01-Sep-2024", "September 1st, 2024", "1 SEPT 2024"]
NO_DAYS = ["soon", "", "2024", "01/09/24", "31/02/2024", "2024-13-01", "9/13/2024", "2024091"]


@pytest.mark.parametrize("text", DAYS)
def test_a_day_in_the_forms_that_people_write(text: str) -> None:
    assert day_of(text) == date(2024, 9, 1)


@pytest.mark.parametrize("text", NO_DAYS)
def test_what_is_no_day_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a day\. Give one such as 2024-10-31 or 31 October 2024"):
        day_of(text)


def test_a_kind_in_the_spelling_of_people() -> None:
    kinds = {"gp_practice": "GP Practices", "pharmacy": "pharmacies", "trust_site": "trust-site"}
    assert {kind: kind_of(text) for kind, text in kinds.items()} == {kind: kind for kind in kinds}
    with pytest.raises(ValueError, match=r"there is no kind 'hospital'\. Kinds: trust, "):
        kind_of("hospital")
