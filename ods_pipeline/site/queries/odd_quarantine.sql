SELECT
    capture_id,
    record_number,
    ods_code,
    name,
    rule,
    detail
FROM ord.quarantined_records
ORDER BY capture_id, record_number
