-- moves to another ICB
-- Each organisation was under the old ICB the day before and is under the new one on the day. One whose ICB ended and
-- that is under another now has a row, if it lives on both days.
SELECT
    'not so in provider_hierarchy' AS problem,
    m.ods_code || ' on ' || m.effective_on AS label
FROM mart AS m
WHERE NOT EXISTS (
        FROM marts.provider_hierarchy AS h
        WHERE h.ods_code = m.ods_code AND h.icb_code = m.old_icb_code AND h.valid_to = m.effective_on
    )
    OR NOT EXISTS (
        FROM marts.provider_hierarchy AS h
        WHERE h.ods_code = m.ods_code AND h.icb_code = m.new_icb_code AND h.valid_from = m.effective_on
    )
UNION ALL
SELECT
    'missing',
    h.ods_code || ' on ' || h.valid_to
FROM marts.provider_hierarchy AS h
JOIN ord.organisations AS icb ON icb.ods_code = h.icb_code AND day_after(icb.operational_end) = h.valid_to
JOIN marts.provider_hierarchy AS n ON n.ods_code = h.ods_code AND n.valid_from = h.valid_to AND n.icb_code <> h.icb_code
JOIN ord.organisations AS o
    ON o.ods_code = h.ods_code AND coalesce(holds_from(o.operational_start, o.legal_start) < h.valid_to, true)
    AND coalesce(
        holds_to(o.status, o.operational_start, o.legal_start, o.operational_end, o.legal_end, o.last_change_date)
        > h.valid_to,
        true
    )
ANTI JOIN mart AS m ON m.ods_code = h.ods_code AND m.effective_on = h.valid_to
WHERE n.kind IN ('gp_practice', 'trust', 'sub_icb')
