-- What the search finds: every code by its name and by each former one.
-- In: texts, towns, former, code_finder, organisations. Out: search.listings, search.listed_texts.

CREATE OR REPLACE TABLE search.listings AS
SELECT
    n.listing_id::INTEGER AS listing_id,
    n.ods_code,
    n.finder_row,
    n.text_id AS name_id,
    p.text_id AS town_id,
    coalesce(o.record_class = 'RC2', false) AS is_site,
    array_position(
        ['open', 'closing', 'proposed', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], n.openness
    )::TINYINT AS openness_rank,
    (hash(coalesce(o.uprn::VARCHAR, n.address)) % 2147483647)::INTEGER AS place,
    n.former_name,
    n.former_until
FROM (
    SELECT
        f.rowid + 1 AS listing_id,
        f.ods_code,
        f.rowid AS finder_row,
        f.openness,
        f.address,
        t.text_id,
        NULL AS former_name,
        NULL::DATE AS former_until
    FROM marts.code_finder AS f
    LEFT JOIN texts AS t ON t.text = f.name_key
    UNION ALL
    SELECT
        1000000000 + row_number() OVER (ORDER BY f.ods_code, f.text),
        f.ods_code,
        f.finder_row,
        f.openness,
        NULL,
        t.text_id,
        f.former_name,
        f.former_until
    FROM former AS f
    JOIN texts AS t ON t.text = f.text
) AS n
LEFT JOIN ord.organisations AS o ON o.ods_code = n.ods_code
LEFT JOIN (
    SELECT
        w.town,
        x.text_id
    FROM towns AS w
    JOIN texts AS x ON x.text = w.text
) AS p ON p.town = o.town
ORDER BY n.listing_id;
COMMENT ON TABLE search.listings IS
'For ods_find: every code by its name and by each former one, its row in code_finder, the day the name was gone.';

CREATE OR REPLACE TABLE search.listed_texts AS
SELECT
    text_id,
    is_town,
    list(listing_id ORDER BY listing_id) AS listing_ids,
    list(town_id ORDER BY listing_id) AS town_ids
FROM (
    SELECT
        listing_id,
        name_id AS text_id,
        false AS is_town,
        town_id
    FROM search.listings
    UNION ALL
    SELECT
        listing_id,
        town_id,
        true,
        town_id
    FROM search.listings
)
WHERE text_id IS NOT NULL
GROUP BY text_id, is_town
ORDER BY text_id, is_town;
COMMENT ON TABLE search.listed_texts IS
'For ods_find: the listings that have a text as their name, and as their town, and the town of each.';

DROP TABLE former;
DROP TABLE towns;
DROP TABLE texts;
