-- How texts are compared, and which form a code has. Written for constants and columns alike.

-- A code as ODS writes it: upper case, no white space, none of the invisible signs that spreadsheets bring.
CREATE MACRO code_key(given) AS nullif(upper(regexp_replace(given, '[\s\p{Z}\p{C}]', '', 'g')), '');

-- A postcode without its space.
CREATE MACRO postcode_key(given) AS code_key(given);

-- A name as words: upper case, no apostrophes, every other sign a space.
CREATE MACRO name_key(given) AS nullif(
    trim(regexp_replace(regexp_replace(upper(given), '[''’`]', '', 'g'), '[^\pL\pN]+', ' ', 'g')), ''
);

CREATE MACRO is_postcode(given) AS regexp_full_match(code_key(given), '[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}');

-- The form of what stands where a code should: code, since_2020 (letter and digit in turn, the form of every
-- code given out since 1 October 2020), number, scientific (a number that a spreadsheet made), postcode, words,
-- other, blank.
CREATE MACRO code_form(given) AS CASE
    WHEN code_key(given) IS NULL THEN 'blank'
    WHEN regexp_full_match(code_key(given), '[A-Z][0-9][A-Z][0-9][A-Z]') THEN 'since_2020'
    WHEN regexp_full_match(code_key(given), '[0-9]+([.]0+)?') THEN 'number'
    WHEN regexp_full_match(code_key(given), '[0-9]([.][0-9]+)?E[+][0-9]{1,3}') THEN 'scientific'
    WHEN is_postcode(given) THEN 'postcode'
    WHEN regexp_full_match(code_key(given), '[A-Z0-9]{3,9}') AND NOT regexp_full_match(code_key(given), '[A-Z]{6,9}')
        THEN 'code'
    WHEN regexp_full_match(code_key(given), '[A-Z’''&.,()/-]{4,}') OR length(code_key(given)) > 12 THEN 'words'
    ELSE 'other'
END;

-- Codes that a spreadsheet may have turned into this number: 012 becomes 12, and 5E1 becomes 50 or 5.00E+01.
CREATE MACRO codes_before_spreadsheet(given) AS CASE code_form(given)
    WHEN 'scientific' THEN [
        regexp_extract(code_key(given), '^[0-9]') || regexp_extract(code_key(given), '[.]([0-9]*?)0*E', 1)
        || 'E' || (
            regexp_extract(code_key(given), '[0-9]+$')::BIGINT
            - length(regexp_extract(code_key(given), '[.]([0-9]*?)0*E', 1))
        )
    ]
    WHEN 'number' THEN [
        repeat('0', 3 - length(regexp_extract(code_key(given), '^[0-9]+'))) || regexp_extract(code_key(given), '^[0-9]+'),
        regexp_extract(code_key(given), '^([0-9]+?)0*([.]|$)', 1)
        || 'E' || length(regexp_extract(code_key(given), '^[0-9]+?(0*)([.]|$)', 1))
    ]
    ELSE []
END;

-- Why a code of this form is not held, as far as its form tells.
CREATE MACRO why_not_held(form, as_of) AS CASE form
    WHEN 'since_2020' THEN 'Not in the register as of ' || as_of || '; it has the form of codes given out since October 2020: '
        || 'newer than that day, or a slip'
    WHEN 'code' THEN 'Not in the register as of ' || as_of || ', nor in its archive, and no deletion of it is known: '
        || 'it never existed, was deleted long ago, or is a slip'
    WHEN 'number' THEN 'A number, and no code is held that is this number: spreadsheets drop leading zeros and turn 5E1 into 50'
    WHEN 'scientific' THEN 'A number in scientific form, which spreadsheets make of codes such as 5E1'
    WHEN 'postcode' THEN 'A postcode and no code; ods_find tells who is there'
    WHEN 'blank' THEN 'There is no code'
    WHEN 'words' THEN 'Words and no code; ods_find looks names up'
    ELSE 'No ODS code has this form: a code is 3 to 9 letters and digits'
END;

-- Codes that look the same at a glance have one key: O and 0, I, L and 1, S and 5, B and 8, Z and 2.
CREATE MACRO lookalike_key(given) AS translate(code_key(given), 'OILSBZ', '011582');
