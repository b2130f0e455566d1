SELECT * FROM marts.drift ORDER BY release_as_of DESC, ods_code
