"""Ways to break one record of a release, each with the rule that must name it.

Lives here: the smallest possible edits of the XML text of a record made by `make_record`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """`harm` breaks the text of a record. The quarantine must name `rule`, with `detail` in its detail."""

    rule: str
    detail: str
    harm: Callable[[str], str]


def _swap(pattern: str, new: str) -> Callable[[str], str]:
    """Replaces the first match of the pattern. A pattern without a match would prove nothing."""

    def harm(xml: str) -> str:
        broken, times = re.subn(pattern, new, xml, count=1, flags=re.DOTALL)
        assert times == 1, f"{pattern} is not in the record"
        return broken

    return harm


def _section(name: str, inner: str) -> Callable[[str], str]:
    """Adds a section after the roles."""
    return _swap("</Roles>", f"</Roles><{name}>{inner}</{name}>")


_START = '<Start value="2010-04-01" />'
_SECOND_DATE = f'<Date><Type value="Operational" />{_START}</Date>'
_SECOND_PRIMARY = '<Role id="RO76" uniqueRoleId="7" primaryRole="true"><Status value="Active" /></Role>'
_SIDE_ROLE = '<Role id="RO76" uniqueRoleId="7"><Status value="Active" /></Role>'
_HEIR = (
    f'<Date><Type value="Legal" />{_START}</Date><Type>Heir</Type><Target><OrgId extension="Q1" /></Target>'
)
_REL = '<Rel id="RE6" uniqueRelId="5">{}</Rel>'
_NOBODY = _REL.format('<Status value="Active" />')
_FOREIGN = _REL.format('<Target><OrgId root="9.9" extension="Q1" /></Target>')

_TABLE: list[tuple[str, str, str, Callable[[str], str]]] = [
    ("no code", "no_ods_code", "no OrgId extension", _swap(r' extension="[^"]*"', "")),
    ("blank code", "no_ods_code", "no OrgId extension", _swap(r'extension="[^"]*"', 'extension="  "')),
    ("foreign root", "foreign_code_root", "'1.2.3'", _swap(r'root="[^"]*"', 'root="1.2.3"')),
    ("no name", "no_name", "no Name", _swap("<Name>.*?</Name>", "")),
    ("no such day", "bad_date", "'2026-02-30'", _swap("2010-04-01", "2026-02-30")),
    ("day in words", "bad_date", "last_change_date is 'soon'", _swap("2026-08-01", "soon")),
    ("day with time", "bad_date", "'2026-08-01T00:00'", _swap("2026-08-01", "2026-08-01T00:00")),
    ("date of no type", "unknown_date_type", "type 'none'", _swap('<Type value="Operational" />', "")),
    ("date of odd type", "unknown_date_type", "type 'Moral'", _swap('"Operational"', '"Moral"')),
    ("bad number", "bad_number", "id is 'seven'", _swap(r'uniqueRoleId="\d+"', 'uniqueRoleId="seven"')),
    ("huge number", "bad_number", "9" * 19, _swap(r'uniqueRoleId="\d+"', f'uniqueRoleId="{"9" * 19}"')),
    ("bad uprn", "bad_number", "uprn is '12.5'", _swap("<UPRN>.*?</UPRN>", "<UPRN>12.5</UPRN>")),
    (
        "bad flag",
        "bad_flag",
        "ref_only is 'perhaps'",
        _swap("<Organisation ", '<Organisation refOnly="perhaps" '),
    ),
    ("unknown status", "unknown_status", "'Asleep'", _swap('"Active"', '"Asleep"')),
    ("unknown class", "unknown_record_class", "'RC9'", _swap('"RC1"', '"RC9"')),
    ("no primary role", "primary_role_count", "0 roles are primary", _swap(' primaryRole="true"', "")),
    (
        "two primary roles",
        "primary_role_count",
        "2 roles are primary",
        _swap("</Roles>", _SECOND_PRIMARY + "</Roles>"),
    ),
    ("no roles", "primary_role_count", "0 roles are primary", _swap("<Roles>.*</Roles>", "")),
    ("role without id", "incomplete_component", "roles without role_id", _swap('<Role id="[^"]*"', "<Role")),
    (
        "two names",
        "repeated_element",
        "/Name occurs more than once",
        _swap("<Name>", "<Name>SECOND</Name><Name>"),
    ),
    (
        "two dates",
        "repeated_element",
        "operational_start occurs 2 times",
        _swap("<Date>", _SECOND_DATE + "<Date>"),
    ),
    (
        "childless role",
        "empty_component",
        "one of roles has no content",
        _swap("</Roles>", '<Role id="RO76" uniqueRoleId="7" /></Roles>'),
    ),
    (
        "childless rel",
        "empty_component",
        "one of relationships has no content",
        _section("Rels", '<Rel id="RE6" uniqueRelId="7"></Rel>'),
    ),
    (
        "childless record",
        "empty_record",
        "no content",
        _swap("(<Organisation[^>]*>).*?(</Organisation>)", r"\1\2"),
    ),
    (
        "closed record",
        "empty_record",
        "no content",
        _swap("<Organisation.*</Organisation>", '<Organisation refOnly="true" />'),
    ),
    (
        "nothing but a role",
        "no_name",
        "the record has no Name",
        _swap("(<Organisation[^>]*>).*?(</Organisation>)", rf"\1<Roles>{_SIDE_ROLE}</Roles>\2"),
    ),
    ("control character", "control_character", "organisations.name", _swap("BODY", "BO\x07DY")),
    ("noncharacter", "control_character", "organisations.name", _swap("BODY", "BO\ufffeDY")),
    ("noncharacter reference", "control_character", "organisations.name", _swap("BODY", "BO&#xFFFF;DY")),
    ("control reference", "control_character", "organisations.name", _swap("BODY", "BO&#7;DY")),
    ("odd succession", "unknown_succession_type", "'Heir'", _section("Succs", f"<Succ>{_HEIR}</Succ>")),
    ("relationship to nobody", "incomplete_component", "without target_ods_code", _section("Rels", _NOBODY)),
    ("foreign target", "foreign_code_root", "target's OrgId root is '9.9'", _section("Rels", _FOREIGN)),
]
DAMAGES = {name: Damage(rule, detail, harm) for name, rule, detail, harm in _TABLE}
