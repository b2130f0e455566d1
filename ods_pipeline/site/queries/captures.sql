SELECT
    as_of,
    capture_id,
    kind,
    source,
    file_name,
    parsed_records,
    used_records,
    superseded_records,
    quarantined_records,
    sha256
FROM ord.captures
ORDER BY as_of DESC, capture_id DESC
