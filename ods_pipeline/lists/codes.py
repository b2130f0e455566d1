"""The form of a code: a cell without what people put around it, and the share of a column that are codes.

Lives here: one cell or column as text. Does not live here: which column is taken (``columns.py``), and
whether a code is held (``judging.py``).
"""

import re

import polars as pl

# White space and invisible characters, which no code has. The macro code_key does the same in SQL.
_INVISIBLE = r"[\s\p{Z}\p{C}]"
# What spreadsheets put around text to keep it text: ="RRP" and 'RRP.
_WRAPPED = r"""^='?"?([^"]*)"?$|^'(.*)$"""
_CODE = r"^[A-Z0-9]{3,12}$"
# What people put between several codes in one cell. A blank alone may be within a code, unless all words are
# distinct codes: else only the register knows, so steps/listed.sql splits there.
_BETWEEN = r"(?i)[\s\p{Z}]*(?:[,;/|&+\n]|[-=]+>|\u2192|[\s\p{Z}]{2}|\b(?:and|or|to)\b)[\s\p{Z}]*"
# What people put around a code; the last four are curved quotes.
_AROUND = " \t\r\n\u00a0()[]{}<>'\"\u2018\u2019\u201c\u201d"
# Parts that are all of this form make a date, years or a number, not several codes: Apr/2026, 2026/2027.
_DATE_OR_NUMBER = r"^([0-9]+|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)$"
# A column or sheet holds codes if at least this share of its filled cells has the form of one.
ENOUGH = 0.5
_THOUSANDS = r"^\s*[0-9]{1,3}(,[0-9]{3})+(\.0+)?\s*$"
# What a program makes of a column of numbers with a gap in it: 89997.0.
_WHOLE = r"^\s*([0-9]{3,12})\.0+\s*$"
# Marks of footnotes. NFKC would make digits of the first ones, and so another code.
_FOOTNOTE_MARKS = r"[\u00b9\u00b2\u00b3\u2070-\u2079\u2020\u2021\u00a7]+\s*$"
# The bullet, number, letter or box of a line: - E83003, 2) E83005, #3 E83007, (iv) RRP, - [x] TAF. Bullets
# are dashes, dots, arrows, ticks, and what Word has for them in its own fonts.
_NUMBER = r"(\(?[0-9]{1,4}[.):]|#[0-9]{1,4}[.):]?|\(?([A-Za-z]|[ivxIVX]{2,4})\))"
_SIGNS = (
    r"[-*>\u00b7\u00bb\u2010-\u2015\u2022\u2023\u2043\u2190-\u21ff\u25a0-\u25ff\u2605-\u2612\u2713-\u2718"
    r"\u2794-\u27be\uf0a0-\uf0ff]"
)
_BULLET = rf"^\s*({_SIGNS}|{_NUMBER}|\[[ xX]?\])\s+(\[[ xX]?\]\s*)?"
# A code and words after a number are an entry, not a footnote: 1) RRP Barnet. Not 1) NHS trusts only.
_NUMBERED_CODE = rf"^\s*{_NUMBER}\s+([A-Z]{{3}}|[A-Z]*[0-9][A-Z0-9]*)\W+\pL"
_NUMBERED_WORD = rf"^\s*{_NUMBER}\s+(ODS|NHS|ICB|PCN|CCG|PCT|GPS|THE|ALL|NOT|FOR|AND)\b"
# A web address with a code: https://directory.spineservices.nhs.uk/ORD/2-0-0/organisations/RRP, or ?code=RRP.
# And an identifier of FHIR: https://fhir.nhs.uk/Id/ods-organization-code|RRP, urn:ods:RRP.
_ADDRESS = (
    r"^\s*(?:(?:https?://|www\.)\S*?(?:/|\||[?&]\w*(?i:code|id)=)|(?i:urn):\S*?[:|])"
    r"([A-Z]{3}|[A-Za-z0-9]{3,12})(?:/?|&\S*)\s*$"
)
# What a code is, in front of it: ODS:RRP, Organisation code RRP.
_LABEL = (
    r"(?i)^\s*(?:(?:nhs|ods|nacs|organi[sz]ation|org|practice|provider|trust|site|pcn|gp|pharmacy|code|id)"
    r"[\s_-]*)*\b(?:ods|nacs|code|id)(?:\s*[:=#-]\s*|\s+)"
)
# Punctuation around a code. Not # and !, which are those of #N/A and #REF!.
_PUNCTUATION = f"{_AROUND}`\u00b4*.,;:"
_WORD = r"[A-Za-z0-9]+"
_NOTHING_AROUND = "^[A-Za-z0-9]+$"
# What is between two words of a cell.
_WORD_BOUNDARY = r"[A-Za-z0-9][^A-Za-z0-9]+[A-Za-z0-9]"
# A word as long as a name has, and not the rest of a code that was typed with a blank in it.
_WORDS = "[A-Z]{3}"
_POSTCODE = r"^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}$"
_MONTH_AND_DIGITS = r"^[0-9]*(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*[0-9]*$"
# A day, month, quarter or financial year, often in the next column: 1st May 2024, 01MAY2024, Q1 2024,
# FY2024/25. MAY01 is left out: it may be a code.
_MONTHS = (
    "(JAN(UARY)?|FEB(RUARY)?|MAR(CH)?|APR(IL)?|MAY|JUNE?|JULY?|AUG(UST)?|SEPT?(EMBER)?|OCT(OBER)?|NOV(EMBER)?"
    "|DEC(EMBER)?)"
)
_PERIOD = (
    f"^([0-9]{{1,2}}(ST|ND|RD|TH)?(OF)?{_MONTHS}([0-9]{{2}}){{1,2}}|{_MONTHS}[0-9]{{0,2}}(ST|ND|RD|TH)?20[0-9]{{2}}"
    "|Q[1-4](FY)?20[0-9]{2}([0-9]{2})?|(FY)?20[0-9]{2}([0-9]{2})?Q[1-4]|FY(20)?[0-9]{4})$"
)
# Days, months and years as words (_plain of columns.py): 1 april 2026, 30 11 2026, 2026 27.
_DAYS_AND_YEARS = re.compile(
    rf"(?i)\b((\d{{1,2}}(st|nd|rd|th)?( of)? )?{_MONTHS}( \d{{1,2}}(st|nd|rd|th)?)?( \d{{2,4}})?"
    r"|\d{1,2} \d{1,2} (20)?\d{2}|20\d{2} \d{1,2} \d{1,2}|20\d{2}( \d{2,4})?)\b"
)
# What is written below a list, or between its parts: sums, sources, notes, counts of rows, rulers.
_NO_ENTRY = r"""(?ix)^[\s\W]*(
    ((grand|sub|overall|sum)[\s-]*)?totals?\b.*
    | (sources?|notes?|footnotes?|key|contact|caveats?)\s*(:.*|-\s.*|)
    | (report\s+)?(prepared|produced|published|extracted|exported|downloaded|generated|created|printed|run)
      (\s+(by|on|from|at)\b.*|\s+date\b.*|\s*:.*|\s+[0-9].*)
    | (row\s+)?count\s*[:=].*
    | n\s*=\s*[0-9][0-9,]*
    | varchar\s*
    | data\s+(as\s+(at|of)|correct|extracted|source|from)\b.*
    | (as\s+at|correct\s+at|last\s+updated|(crown\s+)?copyright)\b.*
    | page\s+[0-9]+(\s*(of|/)\s*[0-9]+)?
    | end\s+of\s+(list|report|file|data)\b.*
    | [0-9][0-9,]*\s+(rows?|records?|entries|codes|organisations)\b.*
)$"""
_RULER_OR_FOOTNOTE = (
    r"^\s*([-=_+|~*.\u00b7\u2013\u2014\u2500-\u257f\s]{3,}$"
    r"|\u00a9|[*\u2020\u2021\u00a7]+\s*[A-Za-z]{2,}\s+\pL|\(?[0-9]{1,2}[.)]\s+[A-Za-z]{2,}\s+\pL)"
)
# What may be a code: the words that names of columns have in capitals are none.
_WORD_LIKE_A_CODE = r"(?!(?:ODS|NHS|ICB|PCN|CCG|PCT)\b)(?:[A-Z]{3}|(?=[A-Z]*[0-9])[A-Z0-9]{3,12})"
# One at either end of a cell with other words: RRP Barnet, Camden (TAF).
CODE_AND_WORDS = re.compile(
    rf"^\W*{_WORD_LIKE_A_CODE}\W+[A-Za-z]{{3}}|[A-Za-z]{{3}}\W+{_WORD_LIKE_A_CODE}\W*$"
)
# How much a code with words next to it counts, compared with a code alone, and a postcode or a GSS code.
_WITH_WORDS, _OF_PLACES = 0.6, 0.5
# Contracts, forms of companies, titles and answers, which stand next to codes; the last are areas of London.
_WORDS_NEXT_TO_CODES = "^(GMS|PMS|YES|NHS|LTD|PLC|LLP|MRS|GBP|ICB|PCN|CCG|PCT|NCL|NEL|NWL|SEL|SWL)$"
# 0C of 00C, and 1E+10 or 1.00E+10 of 1E10: what spreadsheets leave of codes.
_LEFT_OF_CODE = r"^([0-9][A-Z]|[0-9](\.[0-9]+)?E\+?[0-9]+)$"
# Several codes in a cell, without its blanks: RRP,TAF. Not Apr/2026.
_ONE = "([A-Z]{3}|[A-Z]*[0-9][A-Z0-9]{2,11})"
_SEVERAL = rf"^{_ONE}([,;/|&+]{_ONE})+$"
_DATES = rf"^({_MONTHS}|[0-9]+)([^A-Z0-9]+[0-9]+)+$"
_GSS = r"^[EKLMNSW]([0-5][0-9]|92)[0-9]{6}$"


def codes_of(cells: pl.Series) -> pl.DataFrame:
    """Return ``code`` and ``has_more`` of each cell.

    ``code`` is the cell in upper case, with full-width forms made plain, without spaces; null if blank. What
    is around a code is left out: brackets and other punctuation, bullets, a label such as *ODS code*, and
    words, if the code has five characters or more and among them both letters and digits. ``has_more`` is
    true where a label or words were left out.
    """
    given = pl.DataFrame({"given": cells}, schema={"given": pl.String})
    # Most cells are nothing but a code: only the others need the rules for what is around one.
    is_plain = pl.col("given").str.contains(_NOTHING_AROUND)
    others = given.filter(~is_plain).unique()
    upper = pl.col("given").str.to_uppercase()
    if others.is_empty():
        return given.select(code=upper, has_more=pl.lit(False))
    return given.join(_read(others), on="given", how="left", maintain_order="left").select(
        code=pl.when(is_plain).then(upper).otherwise("code"), has_more=pl.col("has_more").fill_null(False)
    )


def _read(given: pl.DataFrame) -> pl.DataFrame:
    """Apply the rules of ``codes_of``, step by step: ``given, code, has_more`` for each different cell."""
    plain = _plain_text("given")
    frame = given.with_columns(
        plain=pl.when(plain.str.contains(_THOUSANDS)).then(plain.str.replace_all(",", "")).otherwise(plain)
    ).with_columns(pl.col("plain").str.replace(_WHOLE, "$1"))
    address = pl.col("plain").str.extract(_ADDRESS, 1)
    is_address = address.str.contains("[0-9]|^[A-Z]{3}$")
    frame = frame.with_columns(plain=pl.when(is_address).then(address).otherwise("plain"))
    frame = frame.with_columns(
        whole=_compact(pl.col("plain")),
        bare=_compact(pl.col("plain").str.replace(_BULLET, "").str.strip_chars(_PUNCTUATION)),
        labelled=_compact(pl.col("plain").str.replace(_LABEL, "").str.strip_chars(_PUNCTUATION)),
        is_labelled=pl.col("plain").str.contains(_LABEL),
    ).join(_next_to_words(frame["plain"].unique()), on="plain", how="left")
    labelled = pl.col("labelled")
    is_labelled = pl.col("is_labelled") & _is_code(labelled) & labelled.str.contains("[A-Z]")
    is_bare = ~pl.col("whole").str.contains(_CODE) & _is_code(pl.col("bare"))
    return frame.select(
        "given",
        code=pl.coalesce(
            "distinct",
            pl.when(is_labelled).then(labelled).when(is_bare).then("bare"),
            pl.when(pl.col("whole") != "").then("whole"),
        ),
        has_more=pl.col("distinct").is_not_null() | is_labelled,
    )


def _next_to_words(texts: pl.Series) -> pl.DataFrame:
    """Return ``plain, distinct``: the distinct code at one end of a text that has words and no other code."""
    has_words = pl.col("plain").str.contains(_WORD_BOUNDARY)
    frame = texts.to_frame("plain").filter(has_words).with_row_index("text")
    words = frame.select("text", word=pl.col("plain").str.to_uppercase().str.extract_all(_WORD)).explode(
        "word"
    )
    word, is_distinct = pl.col("word"), _is_distinct(pl.col("word"))
    candidates = words.group_by("text").agg(
        codes=is_distinct.sum(),
        distinct=word.filter(is_distinct).first(),
        is_at_end=is_distinct.first() | is_distinct.last(),
        has_words=(~is_distinct & word.str.contains(_WORDS)).any(),
    )
    candidates = candidates.filter((pl.col("codes") == 1) & pl.col("is_at_end") & pl.col("has_words"))
    return frame.join(candidates, on="text").select("plain", "distinct")


def _plain_text(column: str) -> pl.Expr:
    marked = pl.col(column).str.replace(_FOOTNOTE_MARKS, "")
    return marked.str.normalize("NFKC").str.replace(_WRAPPED, "$1$2")


def _compact(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_INVISIBLE, "").str.to_uppercase()


def _is_distinct(word: pl.Expr) -> pl.Expr:
    """Return whether a word is almost surely a code: five characters or more, both letters and digits."""
    return (
        word.str.contains("^[A-Z0-9]{5,12}$")
        & word.str.contains("[A-Z]")
        & word.str.contains("[0-9]")
        & ~word.str.contains(_POSTCODE)
        & ~word.str.contains(_MONTH_AND_DIGITS)
    )


def is_entry(given: pl.Series, label: pl.Series) -> pl.Series:
    """Return whether each row of a list is one of its entries, and no total, note or ruler.

    Args:
        given: The cells of the column of codes.
        label: The first filled cell of each row, because *Total* is often in another column.
    """
    frame = pl.DataFrame({"given": given, "label": label}, schema={"given": pl.String, "label": pl.String})
    filled = pl.when(pl.col("given").str.strip_chars() != "").then("given")
    frame = frame.select(words=pl.coalesce(filled, "label"))
    is_other = pl.col("words").str.contains(_NO_ENTRY) | pl.col("words").str.contains(_RULER_OR_FOOTNOTE)
    words = pl.col("words")
    is_numbered = words.str.contains(_NUMBERED_CODE) & ~words.str.contains(_NUMBERED_WORD)
    # One alone may be a footnote.
    is_other &= ~(is_numbered & (is_numbered.sum() > 1))
    others = frame.filter(is_other)["words"].unique()
    with_codes = others.filter(codes_of(others)["has_more"])
    return frame.select((~is_other | pl.col("words").is_in(with_codes.implode())).fill_null(True)).to_series()


def one_code_per_row(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with ``part``: a cell with several codes has a row for each, others stay.

    Parts are numbered within a line, which may have several rows already.
    """
    cells = rows.filter(~pl.col("given").str.contains(_NOTHING_AROUND)).select("given").unique()
    several = rows.join(_several(cells), on="given", how="left", maintain_order="left")
    return (
        several.with_columns(pl.coalesce("several", pl.concat_list("code")).alias("code"))
        .explode("code")
        .with_columns(pl.int_range(1, pl.len() + 1).over("line").alias("part"))
        .select("line", "part", "given", "code", "is_entry")
    )


def _several(cells: pl.DataFrame) -> pl.DataFrame:
    """Return ``given`` and ``several``: the codes of each cell that has more than one and nothing else."""
    separated = _plain_text("given").str.replace_all(_BETWEEN, "\x1f").str.to_uppercase()
    frame = cells.with_columns(
        parts=_parts(separated), words=_parts(separated.str.replace_all(r"[\s\p{Z}]+", "\x1f"))
    )
    is_only_code = ~pl.element().str.contains(_DATE_OR_NUMBER)
    parts, words = pl.col("parts").list, pl.col("words").list
    are_codes = parts.eval(_is_code(pl.element())).list.all() & parts.eval(is_only_code).list.any()
    are_distinct = words.eval(_is_distinct(pl.element())).list.all()
    several = (
        pl.when((words.len() > 1) & are_distinct)
        .then("words")
        .when((parts.len() > 1) & are_codes)
        .then("parts")
    )
    return frame.select("given", several=several).drop_nulls()


def _parts(separated: pl.Expr) -> pl.Expr:
    parts = separated.str.split("\x1f").list.eval(pl.element().str.strip_chars(_PUNCTUATION))
    return parts.list.eval(pl.element().filter(pl.element() != ""))


def _is_code(text: pl.Expr) -> pl.Expr:
    """Return whether a text has the form of a code; without a digit three letters alone do."""
    return text.str.contains(_CODE) & (text.str.contains("[0-9]") | (text.str.len_chars() == 3))


def without_days(words: str) -> str:
    """Return words without the days, months and years among them, as titles have them."""
    return _DAYS_AND_YEARS.sub("", words)


def share_of_codes(column: list[str | None]) -> float:
    """Return the share of the filled cells that have the form of a code.

    Bare numbers count a tenth, because they are more often counts or years, and codes with words less than
    codes alone. So do postcodes and GSS codes, which stand next to codes, and what spreadsheets leave of
    codes. Days and other periods are none.
    """
    code = pl.col("code")
    weight = (
        pl.when(code.str.contains(_LEFT_OF_CODE) | (code.str.contains(_SEVERAL) & ~code.str.contains(_DATES)))
        .then(_WITH_WORDS)
        .when(~_is_code(code) | code.str.contains(_PERIOD) | code.str.contains(_WORDS_NEXT_TO_CODES))
        .then(0.0)
        .when(code.str.contains("^[0-9]+$"))
        .then(0.1)
        .when("has_more")
        .then(_WITH_WORDS)
        .when(code.str.contains(_POSTCODE) | code.str.contains(_GSS))
        .then(_OF_PLACES)
        .otherwise(1.0)
    )
    codes = codes_of(pl.Series(column, dtype=pl.String)).drop_nulls("code")
    return codes.select(weight.mean().fill_null(0.0)).item()
