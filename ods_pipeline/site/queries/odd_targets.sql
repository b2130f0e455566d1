SELECT * FROM ord.unresolved_targets ORDER BY pointed_at_by DESC, target_ods_code
