-- Sites of NHS trusts, open and closed, with the trust, ICB and region they have today; closed ones with those they had
-- last. The first letters of a code do not identify its trust: the relationship IS OPERATED BY does.

SELECT
    s.ods_code AS site_code,
    s.name AS site_name,
    s.openness,
    CASE WHEN trust.kind = 'trust' THEN p.provider_code END AS trust_code,
    CASE WHEN trust.kind = 'trust' THEN trust.name END AS trust_name,
    CASE WHEN trust.kind = 'trust' THEN trust.openness END AS trust_openness,
    p.icb_code,
    icb.name AS icb_name,
    p.icb_basis,
    p.region_code,
    region.name AS region_name,
    o.postcode,
    o.uprn,
    s.opens_on AS opened_on,
    s.closes_on AS closed_on,
    p.is_past AS parents_are_past,
    p.is_ambiguous
FROM marts.organisation_status AS s
JOIN ord.organisations AS o ON o.ods_code = s.ods_code
JOIN marts.organisation_parents AS p ON p.ods_code = s.ods_code
LEFT JOIN marts.organisation_status AS trust ON trust.ods_code = p.provider_code
LEFT JOIN ord.organisations AS icb ON icb.ods_code = p.icb_code
LEFT JOIN ord.organisations AS region ON region.ods_code = p.region_code
WHERE s.kind = 'trust_site'
