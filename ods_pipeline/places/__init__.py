"""Where organisations are: files of postcodes and UPRNs, read into ``flat/`` and joined to a register.

Lives here: the columns of such files, their reading, the ones that are held, and the tables of ``geo``. Does
not live here: the judgements on them (``marts/organisation_places.sql``) and which files a data root uses
(``inventory/places.py``).
"""
