SELECT * FROM ord.unknown_elements ORDER BY capture_id, name
