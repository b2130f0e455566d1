-- The codes of the list that are not held though they have the form of a code, or of one that a spreadsheet has
-- changed: for these a typo is looked for.
-- In: codes, held. Out: code, form.

SELECT
    code,
    form
FROM codes
WHERE form NOT IN ('words', 'default', 'statistical')
    AND (length(code) BETWEEN 2 AND 13 OR form IN ('date', 'number', 'scientific'))
    AND code NOT IN (SELECT code FROM held)
