-- Words of names as a look-up compares them. A look-up reads up to twelve words; word n is bit n - 1 of a mask.

-- A word in one spelling: St and Saint are one word, and so are Dr and Doctor, center and centre, singular and plural,
-- with accents and without. Its argument is upper case without apostrophes, as words_between makes it. Forty characters
-- of a word are compared: no real one is longer, and one of a million would have a million pieces.
CREATE MACRO plain_word(word) AS left(
    regexp_replace(
        regexp_replace(
            coalesce(
                [
                    'ST', 'ST', 'DR', 'DR', 'CENTRE', 'CENTRE', 'CENTRE', 'LTD', 'RD', 'AVE', 'MT', '1ST', '2ND',
                    'HOSPITAL', 'HEALTH', 'CO', 'PRACTICE', 'COMMUNITY', 'UNIVERSITY', 'SURGERY', 'PHARMACY', 'GENERAL',
                    'DEPARTMENT', 'CLINIC', 'ASSOCIATION', 'CENTRE', 'HOUSE', 'GROUP', 'LANE', 'PARK', 'COURT',
                    'GARDENS', 'PHARMACY'
                ][list_position(
                    [
                        'SAINT', 'STREET', 'DOCTOR', 'DOCTORS', 'CENTER', 'CENTERS', 'CTR', 'LIMITED', 'ROAD', 'AVENUE',
                        'MOUNT',
                        'FIRST',
                        'SECOND',
                        'HOSP',
                        'HLTH',
                        'COMPANY',
                        'PRAC',
                        'COMM',
                        'UNIV',
                        'SURG',
                        'PHARM',
                        'GEN',
                        'DEPT', 'CLIN', 'ASSOC', 'CTRE', 'HSE', 'GRP', 'LN', 'PK', 'CT', 'GDNS', 'PHCY'
                    ], strip_accents(word)
                )],
                strip_accents(word)
            ),
            '^([A-Z]{2,})IES$', '\1Y'
        ),
        '^([A-Z0-9]{2,}[^S])S$', '\1'
    ), 40
);

-- The characters of a word that count. THE hardly counts: people leave it out, or put it in front.
CREATE MACRO word_size(word) AS CASE WHEN word = 'THE' THEN 1 ELSE length(word) END;

-- The bit of a letter or digit in a set of those that a word has. One typo changes at most two of the bits.
CREATE MACRO bit_of_character(c) AS 1::BIGINT << (unicode(c) % 62);

-- How many typos a word may have: none where a typo makes another word, two in long words. Numbers have none.
CREATE MACRO typos_allowed(word) AS CASE
    WHEN length(word) < 4 OR regexp_matches(word, '[0-9]') THEN 0
    WHEN length(word) < 8 THEN 1
    ELSE 2
END;

-- Three letters of a word, from the nth on; its beginning and its end count as letters.
CREATE MACRO three_letters(word, n) AS ('$' || word || '$')[n:n + 2];

-- The first postcode in a text of words_between, else the first part of one (the district), or that and a digit (the
-- sector). Codes of trusts look like districts: RM3 M6 8HD.
CREATE MACRO postcode_within(words) AS coalesce(
    nullif(regexp_extract(words, '(?:^| )([A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})(?: |$)', 1), ''),
    regexp_extract(words, '(?:^| )([A-Z]{1,2}[0-9][0-9A-Z]?(?: [0-9])?)(?: |$)', 1)
);

-- The first text like a postcode whose digits are letters, in a text of words_between without a postcode: NLO 9XD. A
-- number such as 2ND is not the end of one.
CREATE MACRO postcode_like(words) AS
regexp_extract(words, '(?:^| )([A-Z][A-Z0-9]{0,2}[0-9OIL] ?[0-9](?:[A-MO-QU-Z][A-Z]|[NRST][A-CE-GI-SU-Z]))(?: |$)', 1);

-- The bit of a place in a word, and whether it is among bits.
CREATE MACRO bit_at(place_in_word) AS 1::BIGINT << place_in_word;
CREATE MACRO has_bit(bits, place_in_word) AS ((bits >> place_in_word) & 1) = 1;

-- The last place among bits.
CREATE MACRO last_bit(bits) AS length(bin(bits)) - 1;

-- Where a part may end that is followed by these characters, as bits: at part_to, or after an S, AND or SAND, too.
CREATE MACRO ends_of_part(part_to, following) AS bit_at(part_to) * CASE
    WHEN starts_with(following, 'SAND') THEN bit_at(0) + bit_at(1) + bit_at(4)
    WHEN starts_with(following, 'S') THEN bit_at(0) + bit_at(1)
    WHEN starts_with(following, 'AND') THEN bit_at(0) + bit_at(3)
    ELSE bit_at(0)
END;

-- The bit of word n in a mask.
CREATE MACRO bit_of(n) AS (1 << (n - 1))::INTEGER;

-- A code, a word or the sector of a postcode (N10 9) as search.keys has it. In its order, what has no digit comes first
-- and sectors come last: most words have no digits, so few rows are read for them, and no sectors are read for codes.
CREATE MACRO key_of(word) AS CASE
    WHEN contains(word, ' ') THEN '~' || word
    WHEN regexp_matches(word, '[0-9]') THEN word
    ELSE ' ' || word
END;

-- Weights of words, from 1 to 15, as one number: bit n - 1 of each dozen is word n; the first dozen of bits has the
-- words whose weight has bit 0, the second those with bit 1, and so on. To multiply puts bit i of a weight at 12 * i.
CREATE MACRO weight_bits(weight, n) AS (weight * 8594130945 & 68736258049) << (n - 1);

-- The sum of the weights of the words in a mask.
CREATE MACRO weight_of(weights, mask) AS (
    bit_count(weights & mask)::INTEGER
    + 2 * bit_count(weights >> 12 & mask)
    + 4 * bit_count(weights >> 24 & mask)
    + 8 * bit_count(weights >> 36 & mask)
);
