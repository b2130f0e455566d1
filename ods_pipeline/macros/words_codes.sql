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
-- code given out since 1 October 2020), number, number_with_exponent, postcode, words, other, blank.
CREATE MACRO code_form(given) AS CASE
    WHEN code_key(given) IS NULL THEN 'blank'
    WHEN regexp_full_match(code_key(given), '[A-Z][0-9][A-Z][0-9][A-Z]') THEN 'since_2020'
    WHEN regexp_full_match(code_key(given), '[0-9]+([.]0+)?') THEN 'number'
    WHEN regexp_full_match(code_key(given), '[0-9]([.][0-9]+)?E[+-]?[0-9]+') AND NOT regexp_full_match(code_key(given), '[0-9]E[0-9]')
        THEN 'number_with_exponent'
    WHEN is_postcode(given) THEN 'postcode'
    WHEN regexp_full_match(code_key(given), '[A-Z0-9]{3,9}') AND NOT regexp_full_match(code_key(given), '[A-Z]{6,9}')
        THEN 'code'
    WHEN regexp_full_match(code_key(given), '[A-Z’''&.,()/-]{4,}') OR length(code_key(given)) > 12 THEN 'words'
    ELSE 'other'
END;

-- Why a code of this form is not held, as far as its form tells.
CREATE MACRO why_not_held(form, as_of) AS CASE form
    WHEN 'since_2020' THEN 'Not in the register as of ' || as_of || '. It has the form of codes given out since October 2020: '
        || 'it may be newer than that day, or a slip'
    WHEN 'code' THEN 'It has the form of a code, but neither the register as of ' || as_of
        || ' nor its archive has it, and no deletion is known: it never existed, was deleted before deletions were kept, or is a slip'
    WHEN 'number' THEN 'No code is held that is this number: spreadsheets drop leading zeros and turn codes such as 5E1 into numbers'
    WHEN 'number_with_exponent' THEN 'A number in scientific form: a spreadsheet made it from a code such as 5E1'
    WHEN 'postcode' THEN 'A postcode, and no body is held there'
    WHEN 'blank' THEN 'There is no code'
    WHEN 'words' THEN 'Words and no code: a code is 3 to 9 letters and digits'
    ELSE 'No ODS code has this form: a code is 3 to 9 letters and digits'
END;
