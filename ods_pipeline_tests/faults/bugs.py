"""Faults as a tired colleague would make them.

Lives here: the faults, and the tests that have to fail. Each fault replaces one text that occurs once in one
file. Does not live here: making them (``test_deliberate_bugs.py``).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """One fault: a text that is right, the wrong text in its place, and the tests that must fail.

    ``file`` is relative to the package, the files of ``noticed_by`` (``file::test``) to the tests. Every test
    named must fail; one with several cases must fail in at least one of them.
    """

    name: str
    promise: str
    file: str
    right: str
    wrong: str
    noticed_by: tuple[str, ...]


BUGS = [
    Bug(
        "the last day is already a day too late",
        "dates",
        "marts/macros/words_days.sql",
        "THEN last_day + 1 END",
        "THEN last_day END",
        ("marts/test_sites.py::test_a_service_holds_to_its_last_day",),
    ),
    Bug(
        "an Inactive row without an end holds for ever",
        "no_guess",
        "marts/macros/words_days.sql",
        "        THEN least(coalesce(last_change_date, ods_today()), day_after(legal_end))\n",
        "        THEN NULL\n",
        (
            "marts/test_lives.py::test_a_link_without_a_start_never_shows_and_one_without_an_end_ended_with_its_record",
        ),
    ),
    Bug(
        "the ICB that commissions is taken for the operator",
        "no_guess",
        "marts/rules/hierarchy_rules.csv",
        "operator,*,RE6,*-RO98-RO261,1",
        "operator,*,RE6,*-RO98,1",
        ("marts/test_hierarchy.py::test_a_commissioner_is_never_an_operator",),
    ),
    Bug(
        "the release wins over the fetch of its day",
        "newest_counts",
        "history/order.py",
        '.sort("as_of", "is_delta", "label")',
        '.sort("as_of", "label", "is_delta")',
        (
            "history/test_observations.py"
            "::test_captures_count_by_day_then_delta_after_release_then_time_of_the_fetch",
        ),
    ),
    Bug(
        "a stub overwrites a complete record",
        "newest_counts",
        "history/versions.py",
        'speaks = complete | (seen & pl.col("complete_at").is_null())',
        "speaks = seen",
        ("history/test_fold.py::test_a_stub_never_overwrites_a_complete_record_not_even_with_a_newer_stamp",),
    ),
    Bug(
        "a code that was gone for a while counts as present all the time",
        "as_of_then",
        "history/versions.py",
        'pl.coalesce("gone_on", next_begins)',
        'pl.coalesce(next_begins, "gone_on")',
        ("history/test_versions.py::test_versions_follow_the_observations",),
    ),
    Bug(
        "a record set aside is dropped where it has no code",
        "conserved",
        "flatten/flat.py",
        "numbered = document.problems.with_columns(",
        'numbered = document.problems.drop_nulls("ods_code").with_columns(',
        ("defs/test_bad_input.py::test_a_record_that_closes_itself_at_the_end_of_a_file_is_set_aside",),
    ),
    Bug(
        "records set aside by earlier captures are forgotten",
        "conserved",
        "history/fold.py",
        "return pl.concat([held, *new])",
        "return pl.concat(new) if new else held",
        ("history/test_state.py::test_the_thirteenth_release_is_applied_without_opening_the_twelve",),
    ),
    Bug(
        "a single 404 is a confirmed deletion",
        "no_false_deletion",
        "history/deletions.py",
        '.when(pl.col("rank") <= _ABSENT)',
        '.when(pl.col("rank") != _UNPROVEN)',
        ("history/test_deletions.py::test_a_404_is_unconfirmed_and_keeps_the_organisation",),
    ),
    Bug(
        "the file is published before the marts are checked",
        "whole",
        "defs/assets/published.py",
        "deps=[table_key(table) for table in TABLES.values()]",
        "deps=[table_key(table) for table in TABLES.values() if table not in MARTS]",
        ("defs/test_definitions.py::test_the_graph_is_the_one_that_is_drawn",),
    ),
    Bug(
        "the flip comes before all is in place",
        "whole",
        "dataroot/builds.py",
        "        for name in PUBLISHED:\n            if (build / name).exists():\n",
        "        link(root.current, Path(build.name))\n"
        "        for name in PUBLISHED:\n            if (build / name).exists():\n",
        ("dataroot/test_builds.py::test_a_file_in_the_way_is_reported_before_anything_changes",),
    ),
    Bug(
        "the URL, and the key in it, is logged",
        "no_key",
        "sources/trud.py",
        'log.info("TRUD answers HTTP %d", response.status_code)',
        'log.info("TRUD answers HTTP %d: %s", response.status_code, response.url)',
        ("sources/test_trud.py::test_no_failure_shows_the_key",),
    ),
    Bug(
        "the predecessor is taken for the successor",
        "successors",
        "marts/succession_edges.sql",
        "        target_ods_code,\n        ods_code,\n",
        "        ods_code,\n        target_ods_code,\n",
        ("marts/test_marts.py::test_either_side_of_a_succession_is_enough",),
    ),
    Bug(
        "rows are written in their order of arrival",
        "same_bytes",
        "publish/files.py",
        "sorted_by(frame.select(table.columns).cast(pl.Schema(table.dtypes)), table.key)",
        "frame.select(table.columns).cast(pl.Schema(table.dtypes))",
        ("publish/test_files.py::test_a_table_has_the_same_bytes_whatever_the_order_of_its_rows",),
    ),
    Bug(
        "a blank hides a formula",
        "no_injection",
        "lists/writing.py",
        r'_FORMULA = r"^[\s\p{Z}\p{C}]*[',
        r'_FORMULA = r"^[',
        ("lists/test_writing.py::test_a_formula_is_made_text",),
    ),
    Bug(
        "only yesterday is asked for",
        "no_lost_day",
        "sources/due.py",
        "    return min(day, max(published, today - timedelta(days=SETTLED_AFTER)))",
        "    return max(published, today - timedelta(days=1))",
        ("sources/test_due.py::test_a_hole_in_the_middle_is_asked_for",),
    ),
    Bug(
        "after a pause the missed turns are made up for",
        "polite",
        "sources/pace.py",
        "self._next = now + self._interval\n                        return now",
        "self._next += self._interval\n                        return now",
        ("sources/test_pace.py::test_turns_keep_their_distance_however_late_they_are_taken",),
    ),
    Bug(
        "the audit counts values and compares none",
        "audited",
        "audit/comparing.py",
        "if (raw.values[n], raw.sums[n]) != (out.values[n], out.sums[n])",
        "if raw.values[n] != out.values[n]",
        (
            "audit/test_damage.py::test_one_character_of_a_name",
            "audit/test_damage.py::test_values_exchanged_between_rows",
        ),
    ),
    Bug(
        "the build that readers have open is removed",
        "readers",
        "dataroot/builds.py",
        "BUILDS_KEPT = 2",
        "BUILDS_KEPT = 1",
        ("dataroot/test_builds.py::test_a_build_becomes_the_published_set_and_the_last_two_are_kept",),
    ),
    Bug(
        "what a killed first build left stays",
        "resumed",
        "dataroot/cleanup.py",
        "if current is None or build.name > current.name:",
        "if current is not None and build.name > current.name:",
        ("dataroot/test_cleanup.py::test_with_nothing_published_no_build_is_kept",),
    ),
    Bug(
        "the lock is never taken",
        "one_at_a_time",
        "dataroot/layout.py",
        "            _acquire(lock, wait, on_wait)\n",
        "            pass\n",
        ("dataroot/test_layout.py::test_a_second_process_learns_at_once_that_the_root_is_busy",),
    ),
    Bug(
        "the size that a member of a zip claims is not looked at",
        "hostile",
        "flatten/xml/members.py",
        "if info.file_size > limit:",
        "if info.compress_size > limit:",
        ("flatten/xml/test_archive.py::test_a_zip_bomb_is_rejected_before_it_is_unpacked",),
    ),
    Bug(
        "published files can be written to",
        "private",
        "dataroot/builds.py",
        "file.chmod(0o444)",
        "file.chmod(0o666)",
        ("dataroot/test_builds.py::test_published_files_are_read_only_and_links_are_relative",),
    ),
    Bug(
        "a message from outside is printed as it came",
        "explained",
        "errors.py",
        "shown = printable(text[: most + 1])",
        "shown = text[: most + 1]",
        ("test_errors.py::test_a_message_is_one_line_that_can_be_read",),
    ),
    Bug(
        "a column has no description",
        "documented",
        "schema/named.py",
        "\"The codes that replaced this one by ODS's successions, followed to the end, in order of code. "
        'ODS "\n        "seldom gives any for social care."',
        '""',
        (
            "schema/test_schema.py::test_everything_is_described",
            "schema/test_schema.py::test_the_data_dictionary_is_up_to_date",
        ),
    ),
    Bug(
        "legal dates that ODT repeats are kept",
        "odt_equals_ord",
        "sources/odt/periods.py",
        "    return {OPERATIONAL: periods[OPERATIONAL]}",
        "    return periods",
        ("sources/odt/test_equality.py::test_switching_the_source_changes_nothing",),
    ),
]
