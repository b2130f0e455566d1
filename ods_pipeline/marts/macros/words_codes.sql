-- How texts are compared, and which form a code has. All macros work for constants and columns alike.

-- A code as ODS writes it: upper case, no white space, none of the invisible characters that spreadsheets add.
CREATE MACRO code_key(entry) AS nullif(upper(regexp_replace(entry, '[\s\p{Z}\p{C}]', '', 'g')), '');

-- A postcode without its space.
CREATE MACRO postcode_key(entry) AS code_key(entry);

-- A run of characters that are neither letters nor digits. A look-up passes it to words_between as a column whose value
-- DuckDB cannot know beforehand: a constant pattern is compiled again at each use, which takes milliseconds.
CREATE MACRO other_characters() AS '[^\pL\pN]+';

CREATE MACRO words_between(entry, others) AS
trim(regexp_replace(regexp_replace(upper(entry), '[''’`]', '', 'g'), others, ' ', 'g'));

-- A name as words: upper case, no apostrophes, every other character a space.
CREATE MACRO name_key(entry) AS nullif(words_between(entry, other_characters()), '');

CREATE MACRO is_postcode_key(key) AS regexp_full_match(key, '[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}');

CREATE MACRO is_postcode(entry) AS is_postcode_key(code_key(entry));

-- The form of a code_key, in the words of code_form.
CREATE MACRO key_form(key) AS CASE
    WHEN key IS NULL THEN 'blank'
    WHEN regexp_full_match(key, '[A-Z][0-9][A-Z][0-9][A-Z]') THEN 'since_2020'
    WHEN regexp_full_match(key, '[0-9]+([.]0+)?') THEN 'number'
    WHEN regexp_full_match(key, '[0-9]([.][0-9]+)?E[+][0-9]{1,3}') THEN 'scientific'
    WHEN is_postcode_key(key) THEN 'postcode'
    WHEN regexp_full_match(key, '[A-Z0-9]{3,9}') AND NOT regexp_full_match(key, '[A-Z]{6,9}') THEN 'code'
    WHEN regexp_full_match(key, '[A-Z’''&.,()/-]{4,}') OR length(key) > 12 THEN 'words'
    ELSE 'other'
END;

-- The form of a text given as a code: code, since_2020 (letters and digits in turn, the form of every code issued since
-- 1 October 2020), number, scientific (a number that a spreadsheet made), postcode, words, other, blank.
CREATE MACRO code_form(entry) AS key_form(code_key(entry));

-- Codes that a spreadsheet may have turned into this code_key, whose form is known: 012 becomes 12, and 5E1 becomes
-- 50 or 5.00E+01.
CREATE MACRO keys_before_spreadsheet(key, form) AS CASE form
    WHEN 'scientific'
        THEN [
                key[1] || rtrim(split_part(split_part(key, 'E', 1), '.', 2), '0')
                || 'E'
                || (split_part(key, '+', 2)::BIGINT - length(rtrim(split_part(split_part(key, 'E', 1), '.', 2), '0')))
            ]
    WHEN 'number'
        THEN [
                lpad(split_part(key, '.', 1), greatest(3, length(split_part(key, '.', 1)))::INTEGER, '0'),
                key[1] || rtrim(split_part(key, '.', 1)[2:], '0')
                || 'E' || (length(split_part(key, '.', 1)[2:]) - length(rtrim(split_part(key, '.', 1)[2:], '0')))
            ]
    ELSE []
END;

CREATE MACRO codes_before_spreadsheet(entry) AS keys_before_spreadsheet(code_key(entry), code_form(entry));

-- Why a code of this form is not held, as far as the form explains it.
CREATE MACRO why_not_held(form, as_of) AS CASE form
    WHEN 'since_2020'
        THEN 'Not in the register as of ' || as_of || '; it has the form of codes issued since October 2020: '
            || 'newer than that day, or a typo'
    WHEN 'code'
        THEN 'Not in the register as of ' || as_of || ', nor in its archive, and no deletion of it is known: '
            || 'it never existed, was deleted long ago, or is a typo'
    WHEN 'number'
        THEN 'A number, and no code is held that is this number: '
            || 'spreadsheets drop leading zeros and turn 5E1 into 50'
    WHEN 'scientific' THEN 'A number in scientific form, which spreadsheets make of codes such as 5E1'
    WHEN 'postcode' THEN 'A postcode and no code; ods_find lists who is there'
    WHEN 'blank' THEN 'There is no code'
    WHEN 'words' THEN 'Words and no code; ods_find looks names up'
    ELSE 'No ODS code has this form: a code is 3 to 9 letters and digits'
END;

-- Codes that look the same at a glance have one key: O and 0, I, L and 1, S and 5, B and 8, Z and 2.
CREATE MACRO key_look(key) AS translate(key, 'OILSBZ', '011582');

CREATE MACRO lookalike_key(entry) AS key_look(code_key(entry));
