"""Harm that needs no knowledge of the form: bytes flipped, dropped, doubled, moved, cut, encoded anew."""

from random import Random

ODD_BYTES = (
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b"\xed\xa0\x80",  # a lone surrogate
    b"\xc0\x80",  # NUL, too long
    b"\xf4\x90\x80\x80",  # beyond Unicode
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"\x1a",
    b"\x1b[2J",
    b"\r",
    b"\n",
    b" ",
    b"",
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "latin-1", "cp500", "utf-8-sig")


def harm_bytes(given: bytes, random: Random) -> bytes:
    """One change somewhere."""
    if not given:
        return random.randbytes(random.randint(0, 40))
    at, other = sorted(random.randrange(len(given) + 1) for _ in range(2))
    way = random.randrange(9)
    if way == 0:
        flipped = bytearray(given)
        place = random.randrange(len(given))
        flipped[place] ^= 1 << random.randrange(8)
        return bytes(flipped)
    if way == 1:
        return given[:at] + random.choice(ODD_BYTES) + given[at:]
    if way == 2:
        return given[:at] + given[min(len(given), at + random.randint(1, 8)) :]
    if way == 3:
        return given[:at] + given[other:]
    if way == 4:
        return given[:other] + given[at:]
    if way == 5:
        to = random.randrange(len(given) + 1)
        return given[:to] + given[at : min(other, at + 400)] + given[to:]
    if way == 6:
        return given[:at] if random.random() < 0.7 else given[at:]
    if way == 7:
        return given[:at] + random.randbytes(random.randint(1, 12)) + given[at:]
    return given.decode("utf-8", "replace").encode(random.choice(ENCODINGS), "replace")


def harmed(given: bytes, random: Random, most: int = 3) -> bytes:
    """One to ``most`` changes."""
    for _ in range(random.randint(1, most)):
        given = harm_bytes(given, random)
    return given
