SELECT * FROM ord.repeated_ids ORDER BY component, unique_id, ods_code
