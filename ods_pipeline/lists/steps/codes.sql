-- The codes of the list, each once, and its form.
-- In: listed. Out: code, form.

-- The form is worked out here for all steps that follow: each use of code_form copies all its patterns into the query,
-- and to bind and optimise a dozen copies took half a second.
SELECT
    code,
    code_form(code) AS form
FROM (
    SELECT DISTINCT code
    FROM listed
    WHERE code IS NOT NULL
)
