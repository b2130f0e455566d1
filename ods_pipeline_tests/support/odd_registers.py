"""Random registers in which little is as it should be.

Dates contradict each other, ends have no start, links and roles reach beyond the life of an organisation,
organisations operate each other.

Lives here: making them, many side by side in one build. Does not live here: what must hold of them.
"""

from datetime import date, timedelta
from random import Random

from ods_pipeline_tests.support.small_registers import Row, organisation

TODAY = date(2026, 9, 4)
EDGES = (date.min, date(1900, 1, 1), date.max)
CAST = {
    **dict.fromkeys(("P1", "P2"), "RO177"),
    **dict.fromkeys(("U1", "U2"), "RO272"),
    **dict.fromkeys(("Q1", "Q2"), "RO261"),
    **dict.fromkeys(("V1", "V2", "V3"), "RO101"),
    **{
        "C1": "RO98",
        "Y1": "RO209",
        "A1": "RO104",
        "R1": "RO197",
        "S1": "RO198",
        "F1": "RO181",
        "X1": "RO280",
    },
}
OTHER_ROLES = ("RO107", "RO108", "RO119", "RO141", "RO180", "RO999", *sorted(set(CAST.values())))
# What ODS may well state, so that chains of some length come about.
LIKELY = [
    *(
        ("P1", "RE8", "U1"),
        ("P1", "RE8", "U2"),
        ("P2", "RE8", "U1"),
        ("P1", "RE9", "U1"),
        ("R1", "RE9", "U1"),
    ),
    *(
        ("P1", "RE4", "C1"),
        ("U1", "RE4", "C1"),
        ("C1", "RE5", "Q1"),
        ("C1", "RE2", "Q2"),
        ("P2", "RE4", "Q2"),
    ),
    *(
        ("Q1", "RE2", "Y1"),
        ("Q2", "RE4", "Y1"),
        ("R1", "RE8", "Q1"),
        ("R1", "RE5", "Q2"),
        ("S1", "RE6", "R1"),
    ),
    *(
        ("V1", "RE6", "A1"),
        ("V2", "RE6", "A1"),
        ("V2", "RE6", "V1"),
        ("V3", "RE6", "V2"),
        ("V1", "RE6", "V3"),
    ),
    *(("X1", "RE6", "F1"), ("X1", "RE6", "P1"), ("S1", "RE6", "C1")),
]
RELATIONSHIPS = ("RE2", "RE3", "RE4", "RE5", "RE6", "RE8", "RE9")
SECOND_ROLES = ("RO76", "RO279", "RO279", "RO269", "RO270", "RO319", "RO218", "RO280")


def odd_registers(seed: int, count: int) -> dict[str, list[Row]]:
    """Make ``count`` registers without common codes, as ``small_registers.write`` takes them.

    The same seed gives the same registers.
    """
    dice = Random(seed)
    result: dict[str, list[Row]] = {
        name: [] for name in ("organisations", "links", "roles", "successions", "deletions")
    }
    for world in range(count):
        for table, rows in _register(dice).items():
            result[table] += [_placed(row, world) for row in rows]
    for number, role in enumerate(result["roles"], start=1):
        role["unique_role_id"] = number
    return result


def _register(dice: Random) -> dict[str, list[Row]]:
    codes = list(CAST)

    def link(code: str, rel: str, to: str) -> Row:
        return {"ods_code": code, "rel_id": rel, "target_ods_code": to, **_dates(dice)}

    likely = [link(*stated) for stated in LIKELY for _ in range(dice.choice((0, 1, 1, 2)))]
    unlikely = [
        link(dice.choice(codes), dice.choice(RELATIONSHIPS), dice.choice([*codes, "GONE"]))
        for _ in range(dice.randint(0, 6))
    ]
    roles = [
        {"ods_code": dice.choice(codes), "role_id": dice.choice(SECOND_ROLES), **_dates(dice)}
        for _ in range(dice.randint(2, 10))
    ]
    practices = [{"ods_code": code, "role_id": "RO76", **_dates(dice)} for code in ("P1", "P2")]
    successions = {
        (dice.choice(codes), dice.choice(("Predecessor", "Successor")), dice.choice([*codes, "OLD"]))
        for _ in range(dice.randint(0, 5))
    }
    return {
        "organisations": [_organisation(code, dice) for code in codes],
        "links": [*likely, *unlikely],
        "roles": [*roles, *practices],
        "successions": [
            {"ods_code": a, "succession_type": kind, "target_ods_code": b, "legal_start": _near(dice)}
            for a, kind, b in sorted(successions)
        ],
        "deletions": [
            {
                "ods_code": code,
                "primary_role_id": dice.choice(OTHER_ROLES),
                "deleted_on": TODAY,
                "state": state,
            }
            | {"name": "GONE", "source": "ord_notifications"}
            for code, state in (("OLD", "confirmed"), ("V3", "unconfirmed"))
            if dice.random() < 0.3
        ],
    }


def _organisation(code: str, dice: Random) -> Row:
    role = CAST[code] if dice.random() < 0.85 else dice.choice(OTHER_ROLES)
    place = {"uprn": dice.choice((None, 1, 2)), "postcode": dice.choice((None, "N1 1AA", "n11aa", "\u2060"))}
    dates = _dates(dice) if dice.random() < 0.6 else _dates_as_they_should_be()
    return organisation(code, role, published_in="full") | {
        **dates,
        **place,
        "status": dates["status"] or "Active",
        "name": dice.choice(("ROSE LODGE", "ROSE LODGE CARE HOME", "HEALTH CENTRE")),
        "last_change_date": _near(dice) if dice.random() < 0.9 else None,
    }


def _dates(dice: Random) -> Row:
    """Status and four days, each of which may be there or not, in any order."""

    def day(share: float) -> date | None:
        if dice.random() > share:
            return None
        return dice.choice(EDGES) if dice.random() < 0.08 else _near(dice)

    return {
        "status": dice.choice(("Active", "Active", "Active", "Inactive", "Inactive", None)),
        "operational_start": day(0.85),
        "operational_end": day(0.3),
        "legal_start": day(0.4),
        "legal_end": day(0.25),
    }


def _dates_as_they_should_be() -> Row:
    others = dict.fromkeys(("operational_end", "legal_start", "legal_end"))
    return {"status": "Active", "operational_start": date(2010, 4, 1), **others}


def _near(dice: Random) -> date:
    return TODAY + timedelta(days=dice.randint(-5, 3))


def _placed(row: Row, world: int) -> Row:
    """The same row with codes that belong to no other register."""
    return {c: f"{v}-{world}" if c in ("ods_code", "target_ods_code") else v for c, v in row.items()}
