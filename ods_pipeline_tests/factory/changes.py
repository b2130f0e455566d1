"""The changes of one month, each as a step on the frames of a register.

Lives here: the steps, and the frames that they work on. Does not live here: which steps a month takes, and in
which order (``months.py``).
"""

from datetime import timedelta

import numpy as np
import polars as pl

from ods_pipeline_tests.factory.codes import anana, anana_capacity
from ods_pipeline_tests.factory.dice import Dice
from ods_pipeline_tests.factory.links import copied, ended
from ods_pipeline_tests.factory.organisations import ACTIVE, CLOSED, as_days, day_number
from ods_pipeline_tests.factory.plan import NATIONAL, Churn, kinds, next_release
from ods_pipeline_tests.factory.register import FactoryRegister
from ods_pipeline_tests.factory.words import WORDS

# Kinds that no relationship points at. New organisations are of these kinds, and only these are deleted.
LEAVES = ("pharmacy", "care_site", "dental", "independent_site", "optical_site", "school")
# This many ANANA codes are reserved for organisations that open later.
_MONTHLY_CODES = 300_000


class Month:
    """The frames of a register while one month is applied to them.

    ``stamped`` holds the changed records by kind of change. No two steps draw the same record.
    """

    def __init__(self, register: FactoryRegister) -> None:
        self.before = register
        self.released = next_release(register.released)
        self.published = self.released - timedelta(days=7)
        self.sequence = register.sequence + 1
        self.dice = Dice(register.seed)
        self.organisations = register.organisations
        self.roles, self.links = register.roles, register.relationships
        self.contacts, self.successions = register.contacts, register.successions
        self.churn = Churn().scaled(self.organisations.height / NATIONAL.organisations)
        self.stamped: dict[str, pl.Series] = {}
        self.number = {k.name: k.number for k in kinds().values()}
        self.next_record = int(self.organisations.select(pl.col("record").max()).item()) + 1

    def draw(self, what: str, count: int, able: pl.Expr) -> pl.Series:
        """Draw ``count`` records of the full file that meet ``able`` and have not been drawn this month."""
        taken = [s for s in self.stamped.values() if len(s)]
        free = self.organisations.filter(able & (pl.col("life") <= CLOSED) & pl.col("loses").is_null())[
            "record"
        ]
        if taken:
            free = free.filter(~free.is_in(pl.concat(taken).implode()))
        keys = free.to_numpy()
        records = free[self.dice.chosen(f"{what} {self.sequence}", keys, count).tolist()]
        self.stamped[what] = records
        return records

    def day_of(self, records: pl.Series) -> pl.Series:
        """Draw a day between the last publication and this one for each record."""
        first = day_number(self.before.published)
        span = day_number(self.published) - first
        return as_days(first + 1 + self.dice.below(f"day {self.sequence}", records.to_numpy(), span))

    def days(self, records: pl.Series) -> pl.DataFrame:
        return pl.DataFrame({"record": records, "on": self.day_of(records)})

    def some(self, word: str, records: pl.Series, options: list[str]) -> pl.Series:
        draw = self.dice.below(f"{word} {self.sequence}", records.to_numpy(), len(options))
        return pl.Series(options).gather(draw)

    def update(self, changes: pl.DataFrame) -> None:
        """Set columns of the records in ``changes`` to new values; null is a value too."""
        columns = [c for c in changes.columns if c != "record"]
        joined = self.organisations.join(
            changes.with_columns(pl.lit(True).alias("touched")),
            on="record",
            how="left",
            suffix="_new",
            maintain_order="left",
        )
        self.organisations = joined.with_columns(
            pl.when("touched").then(f"{c}_new").otherwise(c).alias(c) for c in columns
        ).select(self.organisations.columns)

    def delete(self) -> None:
        gone = self.draw(
            "deleted", self.churn.deleted, pl.col("kind").is_in(self._leaves()) & ~pl.col("has_stub")
        )
        self.deleted_codes = self.codes(gone)
        pointed_at = pl.col("target").is_in(gone.implode())
        mine = pl.col("record").is_in(gone.implode())
        self.organisations = self.organisations.filter(~mine)
        self.roles, self.contacts = self.roles.filter(~mine), self.contacts.filter(~mine)
        self.links = self.links.filter(~mine & ~pointed_at)
        self.successions = self.successions.filter(~mine & ~pointed_at)

    def close(self) -> None:
        records = self.draw(
            "closed", self.churn.closed, (pl.col("life") == ACTIVE) & pl.col("operational_end").is_null()
        )
        days = self.days(records)
        legal = self.organisations.select("record", "legal_start", "operational_start")
        self.update(
            days.join(legal, on="record", how="left", maintain_order="left").select(
                "record",
                pl.lit(CLOSED, pl.Int8).alias("life"),
                pl.lit("Inactive").alias("status"),
                pl.max_horizontal("on", "operational_start").alias("operational_end"),
                pl.when(pl.col("legal_start").is_not_null())
                .then(pl.max_horizontal("on", "legal_start", "operational_start"))
                .alias("legal_end"),
            )
        )
        self.roles, self.links = (ended(frame, days) for frame in (self.roles, self.links))

    def reopen(self) -> None:
        records = self.draw("reopened", self.churn.reopened, pl.col("life") == CLOSED)
        nothing = pl.lit(None, pl.Date)
        self.update(
            pl.DataFrame({"record": records}).with_columns(
                pl.lit(ACTIVE, pl.Int8).alias("life"),
                pl.lit("Active").alias("status"),
                nothing.alias("operational_end"),
                nothing.alias("legal_end"),
            )
        )
        again = pl.col("record").is_in(records.implode()) & pl.col("is_primary")
        self.roles = self.roles.with_columns(
            pl.when(~again).then("operational_end").alias("operational_end"),
            pl.when(~again).then("legal_end").alias("legal_end"),
            pl.when(again).then(pl.lit("Active")).otherwise("status").alias("status"),
        )

    def rename(self) -> None:
        """Replace the first word of some names."""
        records = self.draw("renamed", self.churn.renamed, pl.lit(True))
        names = self._of(records, "name").with_columns(self.some("new name", records, WORDS).alias("word"))
        rest = pl.col("name").str.replace(r"^\S+ ", "")
        self.update(names.select("record", pl.format("{} {}", "word", rest).alias("name")))

    def move(self) -> None:
        """Replace the house number and the end of the postcode."""
        records = self.draw("moved", self.churn.moved, pl.col("postcode").is_not_null())
        house = self.dice.below(f"house {self.sequence}", records.to_numpy(), 240) + 300
        ends = [f"{n}{letters}" for n in range(10) for letters in ("AA", "BD", "HJ", "LN", "PQ", "XY")]
        now = self._of(records, "postcode", "address_line_1").with_columns(
            pl.Series("house", house), self.some("inward", records, ends).alias("inward")
        )
        self.update(
            now.select(
                "record",
                pl.format("{} {}", pl.col("postcode").str.split(" ").list.first(), "inward").alias(
                    "postcode"
                ),
                pl.format("{} {}", "house", pl.col("address_line_1").str.replace(r"^\d+ ", "")).alias(
                    "address_line_1"
                ),
            )
        )

    def change_parents(self, rel_id: str, count: int) -> None:
        """End the current link, and begin one to another organisation's parent on the next day."""
        is_open = (
            (pl.col("rel_id") == rel_id)
            & pl.col("operational_end").is_null()
            & (pl.col("operational_start") < self.before.published)
        )
        has_one = self.links.filter(is_open).unique("record", keep="none")["record"]
        records = self.draw(f"{rel_id} changed", count, pl.col("record").is_in(has_one.implode()))
        mine = is_open & pl.col("record").is_in(records.implode())
        rows = self.links.filter(mine).join(self.days(records), on="record", maintain_order="left")
        others = self.links.filter(is_open).select("target").unique().sort("target")["target"]
        pick = others.gather(
            self.dice.below(f"{rel_id} new parent {self.sequence}", rows["record"].to_numpy(), len(others))
        )
        nothing = pl.lit(None, pl.Date)
        fresh = rows.with_columns(
            pick.alias("target"),
            pl.col("on").alias("operational_start"),
            nothing.alias("legal_start"),
            nothing.alias("legal_end"),
            pl.lit("Active").alias("status"),
        ).drop("on")
        over = ended(
            self.links.filter(mine), self.days(records).with_columns(pl.col("on").dt.offset_by("-1d"))
        )
        self.links = pl.concat([self.links.filter(~mine), over, self._numbered(fresh, "unique_rel_id")])

    def open(self) -> None:
        """Add organisations, each a copy of one that is open, with the same parents."""
        like = self.organisations.filter(pl.col("kind").is_in(self._leaves()) & (pl.col("life") == ACTIVE))
        like = like.filter(pl.col("loses").is_null())
        keys = like["record"].to_numpy()
        like = like[self.dice.chosen(f"opened {self.sequence}", keys, self.churn.opened).tolist()]
        fresh = pl.int_range(self.next_record, self.next_record + like.height, eager=True)
        pairs = pl.DataFrame({"record": like["record"], "fresh": fresh, "on": self.day_of(fresh)})
        # From the last code backwards: the first month takes its codes from the beginning.
        serials = anana_capacity() - 1 - (self.next_record + np.arange(like.height)) % _MONTHLY_CODES
        nothing = pl.lit(None, pl.Date)
        new = like.with_columns(
            fresh.alias("record"),
            pl.Series("ods_code", anana(serials).tolist()),
            pairs["on"].alias("operational_start"),
            nothing.alias("operational_end"),
            nothing.alias("legal_start"),
            nothing.alias("legal_end"),
            pl.format("{} {}", self.some("opened name", fresh, WORDS), "name").alias("name"),
            pl.lit(False).alias("has_stub"),
        )
        self.organisations = pl.concat([self.organisations, new])
        self.stamped["opened"] = fresh
        primary = self.roles.filter(pl.col("is_primary"))
        self.roles = pl.concat([self.roles, self._numbered(copied(primary, pairs), "unique_role_id")])
        now = self.links.filter(pl.col("operational_end").is_null()).unique(
            ["record", "rel_id"], keep="first", maintain_order=True
        )
        self.links = pl.concat([self.links, self._numbered(copied(now, pairs), "unique_rel_id")])

    def stamp_others(self) -> None:
        """Stamp more records, and change the telephone number of those that have one."""
        done = sum(len(records) for records in self.stamped.values())
        records = self.draw("rung", self.churn.stamped - done, pl.col("life") == ACTIVE)
        number = self.dice.below(f"telephone {self.sequence}", records.to_numpy(), 1000)
        new = pl.DataFrame({"record": records}).with_columns(
            pl.format("0113 4961{}", pl.Series(number).cast(pl.String).str.zfill(3)).alias("new")
        )
        is_tel = pl.col("contact_type") == "tel"
        self.contacts = (
            self.contacts.join(new, on="record", how="left", maintain_order="left")
            .with_columns(
                pl.when(is_tel)
                .then(pl.coalesce("new", "contact_value"))
                .otherwise("contact_value")
                .alias("contact_value")
            )
            .drop("new")
            .unique(maintain_order=True)
        )

    def elapse(self) -> None:
        """Apply the announced ends that have passed: statuses become Inactive, and records are stamped."""
        over = (pl.col("operational_end") < self.published) & (pl.col("status") == "Active")
        organisations = self.organisations.filter(
            over & (pl.col("legal_end") < self.published).fill_null(True)
        )["record"]
        touched = [organisations]
        for name in ("roles", "links"):
            frame = getattr(self, name)
            touched.append(frame.filter(over)["record"])
            flipped = pl.when(over).then(pl.lit("Inactive")).otherwise("status").alias("status")
            setattr(self, name, frame.with_columns(flipped))
        self.update(
            pl.DataFrame({"record": organisations}).with_columns(
                pl.lit("Inactive").alias("status"), pl.lit(CLOSED, pl.Int8).alias("life")
            )
        )
        in_full = self.organisations.filter(pl.col("life") <= CLOSED)["record"]
        records = pl.concat(touched).unique().sort()
        self.stamped["elapsed"] = records.filter(records.is_in(in_full.implode()))

    def stamp(self) -> None:
        """Set LastChangeDate of all changed records."""
        stamps = pl.concat(list(self.stamped.values())).unique().sort()
        self.update(self.days(stamps).rename({"on": "last_change_date"}))

    def _numbered(self, rows: pl.DataFrame, column: str) -> pl.DataFrame:
        frame = self.roles if column == "unique_role_id" else self.links
        first = int(frame.select(pl.col(column).max()).item()) + 1
        return rows.with_columns(pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias(column)).select(
            frame.columns
        )

    def _of(self, records: pl.Series, *columns: str) -> pl.DataFrame:
        frame = pl.DataFrame({"record": records})
        return frame.join(
            self.organisations.select("record", *columns), on="record", how="left", maintain_order="left"
        )

    def codes(self, records: pl.Series) -> list[str]:
        return self._of(records, "ods_code")["ods_code"].sort().to_list()

    def _leaves(self) -> list[int]:
        return [self.number[name] for name in LEAVES]
