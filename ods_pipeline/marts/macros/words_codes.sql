-- How texts are compared, and which form a code has. All macros work for constants and columns alike.

-- Characters that PDFs, web pages and other keyboards put for plain ones, and those, in the same order: full-width
-- forms, dashes, quotes, raised digits (footnotes, so a space). Those that cannot be seen come last, and stand for
-- nothing: soft hyphen, spaces of no width, marks of direction, the mark at the beginning of a file.
CREATE MACRO odd_characters() AS
'ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ'
|| '０１２３４５６７８９！＂＃＄％＆（）＊＋，－．／：；＜＝＞？＠［＼］＾＿｛｜｝～‐‑‒–—―−＇‘’‛′ʼ`´｀⁰¹²³⁴⁵⁶⁷⁸⁹'
|| E'\xc2\xad\xd8\x9c\xe1\xa0\x8e\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f'
|| E'\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae\xe2\x81\xa0\xef\xbb\xbf';

CREATE MACRO plain_characters() AS
'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
|| '0123456789!"#$%&()*+,-./:;<=>?@[\]^_{|}~-------''''''''''''''''''          ';

-- A text in plain characters, without what cannot be seen, ligatures as letters, each letter one with its accent. What
-- has a byte a character is plain already.
CREATE MACRO plain_text(entry) AS CASE
    WHEN strlen(entry) = length(entry) THEN entry
    ELSE nfc_normalize(
            translate(
                replace(
                    replace(replace(replace(replace(entry, 'ﬀ', 'ff'), 'ﬁ', 'fi'), 'ﬂ', 'fl'), 'ﬃ', 'ffi'), 'ﬄ', 'ffl'
                ),
                odd_characters(),
                plain_characters()
            )
        )
END;

-- A plain_text as ODS writes codes: upper case, no white space, none of the invisible characters that spreadsheets add.
CREATE MACRO visible_key(plain) AS nullif(upper(regexp_replace(plain, '[\s\p{Z}\p{C}]', '', 'g')), '');

-- The same of any text.
CREATE MACRO code_key(entry) AS visible_key(plain_text(entry));

-- A code_key without the punctuation around it, as in (RRP) or "RRP,". A look-up passes its key as a column: the
-- expression behind it would be copied to every use, and its pattern compiled again at each.
CREATE MACRO bare_key(key) AS
coalesce(nullif(trim(key, '.,;:!?()[]{}<>"''`‘’“”„«»*#-_/\|=+~^@&%•·…†‡'), ''), key);

-- The code in a typed text.
CREATE MACRO typed_code(entry) AS bare_key(code_key(entry));

-- A postcode without its space.
CREATE MACRO postcode_key(entry) AS code_key(entry);

-- What a code_key of five to seven characters may mean as a postcode, where letters and digits that look the same are
-- mixed up: two sectors, as search.keys has them, and the end. as_digits is postcode_digits of the key, as a column: a
-- look-up would compute it at each use. A second letter is a digit only if no postcode begins with both: SL1 is Slough,
-- and not S11. A 0 in its place is an O: P01 is PO1.
CREATE MACRO postcode_sectors(key, as_digits) AS CASE
    WHEN length(key) BETWEEN 5 AND 7 AND translate(key, '0123456789', '') <> key
        THEN [
                CASE
                    WHEN length(key) < 7 AND NOT contains(
                            'AB AL BB BL BS CB CO DL GL HS LL LS ML OL PL PO SL SO SS TS UB WS YO', key[1:2]
                        )
                        THEN key[1] || as_digits[2:-4] || ' ' || as_digits[-3]
                END,
                key[1] || translate(key[2], '0', 'O') || as_digits[3:-4] || ' ' || as_digits[-3]
            ]
    ELSE [NULL, NULL]
END;

CREATE MACRO postcode_end(key) AS translate(key[-2:], '0158', 'DLSB');

CREATE MACRO postcode_digits(key) AS translate(key, 'OILSZ', '01152');

-- A run of characters that are neither letters nor digits.
CREATE MACRO other_characters() AS '[^\pL\pN]+';

-- The same for one typed text. Where its characters have a byte each a shorter pattern will do, which is compiled in no
-- time; the other takes milliseconds. Not for a column: a pattern that is no constant is compiled for each row.
CREATE MACRO other_characters_of(plain) AS
CASE WHEN strlen(plain) = length(plain) THEN '[^A-Z0-9]+' ELSE other_characters() END;

CREATE MACRO words_between(entry, others) AS
trim(regexp_replace(regexp_replace(upper(entry), '[''’`]', '', 'g'), others, ' ', 'g'));

-- A name as words: upper case, no apostrophes, every other character a space.
CREATE MACRO name_key(entry) AS nullif(words_between(entry, other_characters()), '');

CREATE MACRO is_postcode_key(key) AS regexp_full_match(key, '[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}');

CREATE MACRO is_postcode(entry) AS is_postcode_key(code_key(entry));

-- A day as text, its month as a number or a name: TAF-01 is none. Nor is MAY01, but 1st May 2024 is one.
CREATE MACRO is_day_key(key) AS regexp_full_match(
    key,
    '([0-9]{1,4}[-/]([0-9]{1,2}|(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,6})([-/][0-9]{1,4})?'
    || '|(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,6}[-/][0-9]{1,4})(T?[0-9:.]+)?'
    || '|[0-9]{1,2}(ST|ND|RD|TH)?(OF)?(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,6},?(20)?[0-9]{2}'
    || '|(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,6}[0-9]{0,2}(ST|ND|RD|TH)?,?20[0-9]{2}'
);

-- The form of a code_key, in the words of code_form.
CREATE MACRO key_form(key) AS CASE
    WHEN key IS NULL THEN 'blank'
    WHEN is_default(key) THEN 'default'
    WHEN regexp_full_match(key, '[A-Z][0-9][A-Z][0-9][A-Z]') THEN 'since_2020'
    WHEN regexp_full_match(key, '[0-9]+([.]0+)?') THEN 'number'
    WHEN regexp_full_match(key, '[0-9]([.][0-9]+)?E[+][0-9]{1,3}') THEN 'scientific'
    WHEN regexp_full_match(key, '[EKLMNSW]([0-5][0-9]|92)[0-9]{6}') THEN 'statistical'
    WHEN is_day_key(key) THEN 'date'
    WHEN is_postcode_key(key) THEN 'postcode'
    WHEN regexp_full_match(key, '[A-Z0-9]{3,12}') AND NOT regexp_full_match(key, '[A-Z]{6,12}') THEN 'code'
    WHEN regexp_full_match(key, '[A-Z’''&.,()/-]{4,}') OR length(key) > 12 THEN 'words'
    WHEN regexp_full_match(key, '[A-Z0-9]{1,2}') THEN 'short'
    ELSE 'other'
END;

-- The form of a text given as a code: code, since_2020 (letters and digits in turn, the form of every code issued since
-- 1 October 2020), default (a national one), statistical (a GSS code), number, scientific, date and short (which
-- spreadsheets make of some codes), postcode, words, other, blank.
CREATE MACRO code_form(entry) AS key_form(code_key(entry));

-- The number of a month by the first three letters of its name, else null.
CREATE MACRO month_number(name) AS nullif(
    list_position(['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'], left(name, 3)),
    0
);

CREATE MACRO month_letters(month_of_year) AS
['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'][month_of_year];

-- Codes that a spreadsheet shows as this day: AUG1 and 1AUG become 1 August, AUG40 becomes August 1940.
CREATE MACRO codes_of_day(day_number, month_of_year, short_year) AS list_distinct(
    [
        month_letters(month_of_year) || day_number,
        month_letters(month_of_year) || lpad(day_number::VARCHAR, 2, '0'),
        day_number || month_letters(month_of_year),
        lpad(day_number::VARCHAR, 2, '0') || month_letters(month_of_year),
        CASE WHEN day_number = 1 THEN month_letters(month_of_year) || lpad(short_year::VARCHAR, 2, '0') END,
        CASE WHEN day_number = 1 THEN lpad(short_year::VARCHAR, 2, '0') || month_letters(month_of_year) END
    ]
);

-- The same for a date as text: 2026-08-01, 01/08/2026, 01-Aug, Aug-40.
CREATE MACRO codes_of_date(key) AS CASE
    WHEN regexp_full_match(key, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*')
        THEN codes_of_day(
                try_cast(regexp_extract(key, '^[0-9]{4}-[0-9]{1,2}-([0-9]{1,2})', 1) AS INTEGER),
                try_cast(split_part(key, '-', 2) AS INTEGER),
                key[3:4]
            )
    WHEN regexp_full_match(key, '[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{2,4}.*')
        THEN codes_of_day(
                try_cast(regexp_extract(key, '^([0-9]{1,2})', 1) AS INTEGER),
                try_cast(regexp_extract(key, '^[0-9]{1,2}[-/]([0-9]{1,2})', 1) AS INTEGER),
                right(regexp_extract(key, '^[0-9]{1,2}[-/][0-9]{1,2}[-/]([0-9]{4}|[0-9]{2})', 1), 2)
            )
    WHEN regexp_full_match(key, '[0-9]{1,2}[-/][A-Z]{3,9}([-/][0-9]{2,4})?.*')
        THEN codes_of_day(
                try_cast(regexp_extract(key, '^([0-9]{1,2})', 1) AS INTEGER),
                month_number(regexp_extract(key, '([A-Z]+)', 1)),
                right(regexp_extract(key, '([0-9]+)$', 1), 2)
            )
    WHEN regexp_full_match(key, '[A-Z]{3,9}[-/][0-9]{1,4}')
        THEN [
                left(key, 3) || right(regexp_extract(key, '([0-9]+)$', 1), 2),
                right(regexp_extract(key, '([0-9]+)$', 1), 2) || left(key, 3),
                left(key, 3) || try_cast(right(regexp_extract(key, '([0-9]+)$', 1), 2) AS INTEGER)::VARCHAR
            ]
    ELSE []
END;

-- Codes that a spreadsheet may have turned into this code_key, whose form is known: 012 becomes 12, 5E1 becomes 50 or
-- 5.00E+01, 00C becomes 0C where people mend the zeros by hand.
CREATE MACRO keys_before_spreadsheet(key, form) AS CASE form
    WHEN 'scientific'
        THEN [
                key[1] || regexp_extract(key, '[.]([0-9]*?)0*E', 1) || 'E'
                || (
                    try_cast(split_part(key, '+', 2) AS BIGINT)
                    - length(regexp_extract(key, '[.]([0-9]*?)0*E', 1))
                )
            ]
    WHEN 'number'
        THEN [
                lpad(split_part(key, '.', 1), greatest(3, length(split_part(key, '.', 1)))::INTEGER, '0'),
                regexp_extract(key, '^(.[0-9]*?)0*([.]|$)', 1)
                || 'E' || length(regexp_extract(key, '^.[0-9]*?(0*)([.]|$)', 1))
            ]
    WHEN 'short' THEN [lpad(key, 3, '0')]
    ELSE []
END;

-- The same, dates included. It takes key and form, not the text: they would be computed in fifty places, and to bind
-- that takes 40 ms.
CREATE MACRO codes_before_spreadsheet(key, form) AS CASE form
    WHEN 'date' THEN codes_of_date(key)
    ELSE keys_before_spreadsheet(key, form)
END;

-- Why a code of this form is not held, as far as the form explains it.
CREATE MACRO why_not_held(form, as_of) AS CASE form
    WHEN 'since_2020'
        THEN 'Not in the register as of ' || as_of || '; it has the form of codes issued since October 2020: '
            || 'newer than that day, or a typo'
    WHEN 'code'
        THEN 'Not in the register as of ' || as_of || ', nor in its archive, and no deletion of it is known: '
            || 'a typo, newer than that day, deleted long ago, or not a code'
    WHEN 'default'
        THEN 'A national default code of the NHS Data Dictionary, which stands for no organisation'
    WHEN 'statistical'
        THEN 'A GSS code, which the Office for National Statistics gives to an area, not an ODS code'
    WHEN 'number'
        THEN 'A number, and no code is held that is this number: '
            || 'spreadsheets drop leading zeros and turn 5E1 into 50'
    WHEN 'scientific' THEN 'A number in scientific form, which spreadsheets make of codes such as 5E1'
    WHEN 'date' THEN 'A date, which spreadsheets make of codes such as AUG1'
    WHEN 'short' THEN 'Too short for a code; spreadsheets drop leading zeros, so 00C becomes 0C'
    WHEN 'postcode' THEN 'A postcode, not a code; find lists who is there'
    WHEN 'blank' THEN 'There is no code'
    WHEN 'words' THEN 'Words, not a code; find looks names up'
    ELSE 'No ODS code has this form: a code is 3 to 12 letters and digits'
END;

-- Why nothing is found for a text whose code_key this is.
CREATE MACRO why_not_found(form, key, as_of) AS CASE
    WHEN form = 'postcode' THEN 'No organisation is held at this postcode'
    WHEN form = 'words' THEN 'No name or town has words like these'
    WHEN form = 'code' AND regexp_full_match(key, '[A-Z]{4,}')
        THEN 'Not in the register as of ' || as_of || ', nor in its archive: no code, name or town is like this'
    ELSE why_not_held(form, as_of) || CASE WHEN form = 'default' THEN ': ' || default_meaning(key) ELSE '' END
END;

-- Why a code is not held: its record was set aside by a rule, others point at it, or what its form explains (reason).
CREATE MACRO missing_in_words(rule, pointed_at_by, pointed_at_from, reason) AS CASE
    WHEN rule IS NOT NULL THEN 'Its record was set aside because it breaks a rule: ' || rule
    WHEN pointed_at_by IS NOT NULL
        THEN 'Not held, though ' || pointed_at_by || ' relationships or successions point at it (' || pointed_at_from
            || ' for one)'
    ELSE reason
END;

-- What to do about a code, name or place that is not held. Null where the reason is enough. From public guidance:
-- Digital Care Hub, How to find an ODS code (25 January 2024): CQC registration gives a code, and CQC corrects name
-- and address; NHS England, Request a new code or update organisation details (digital.nhs.uk, services,
-- organisation-data-service): the registered contact (OC1) asks. Neither states how long a code takes.
CREATE MACRO what_to_do(form) AS CASE
    WHEN form IN ('code', 'since_2020', 'postcode', 'words', 'short')
        THEN 'A care service gets its code by itself when it is registered with CQC; while that is pending, and '
            || 'until ODS has taken it over from CQC, there is none. CQC also corrects its name and address. An NHS '
            || 'organisation asks ODS through its registered contact (OC1), others through the ODS helpdesk '
            || '(guidance of January 2024)'
END;

-- Which code of social care to use: places have codes that begin with V, their head offices with A or C; codes that
-- begin with 8 are given to organisations outside the NHS for other purposes. kind is that of organisation_status. From
-- public guidance: Digital Care Hub, How to find an ODS code (25 January 2024).
CREATE MACRO which_code(code, kind) AS CASE
    WHEN kind = 'social_care_site'
        THEN 'For this one place use this code; for the whole group that of the head office, which begins with A or C'
    WHEN kind = 'social_care_provider'
        THEN 'For the whole group use this code; for one place its own, which mostly begins with V'
    WHEN kind = 'non_nhs_organisation' AND starts_with(code, '8')
        THEN 'A code that begins with 8: for a care service use that of its place (V) or of its head office (A or C)'
END;

-- Codes that look the same at a glance have one key: O and 0, I, L and 1, S and 5, B and 8, Z and 2.
CREATE MACRO key_look(key) AS translate(key, 'OILSBZ', '011582');

CREATE MACRO lookalike_key(entry) AS key_look(code_key(entry));
