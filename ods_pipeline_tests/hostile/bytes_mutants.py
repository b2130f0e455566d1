"""Damage at the level of bytes: flipped, dropped, doubled, moved, cut, encoded again."""

from random import Random

ODD_BYTES = (
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b"\xed\xa0\x80",  # a lone surrogate
    b"\xc0\x80",  # NUL in two bytes, which is not allowed
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


def harm_bytes(content: bytes, random: Random) -> bytes:
    """Return the bytes with one change at a random position."""
    if not content:
        return random.randbytes(random.randint(0, 40))
    at, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    way = random.randrange(9)
    if way == 0:
        flipped = bytearray(content)
        position = random.randrange(len(content))
        flipped[position] ^= 1 << random.randrange(8)
        return bytes(flipped)
    if way == 1:
        return content[:at] + random.choice(ODD_BYTES) + content[at:]
    if way == 2:
        return content[:at] + content[min(len(content), at + random.randint(1, 8)) :]
    if way == 3:
        return content[:at] + content[end:]
    if way == 4:
        return content[:end] + content[at:]
    if way == 5:
        to = random.randrange(len(content) + 1)
        return content[:to] + content[at : min(end, at + 400)] + content[to:]
    if way == 6:
        return content[:at] if random.random() < 0.7 else content[at:]
    if way == 7:
        return content[:at] + random.randbytes(random.randint(1, 12)) + content[at:]
    return content.decode("utf-8", "replace").encode(random.choice(ENCODINGS), "replace")


def harmed(content: bytes, random: Random, most: int = 3) -> bytes:
    """Return the bytes with one to ``most`` changes."""
    for _ in range(random.randint(1, most)):
        content = harm_bytes(content, random)
    return content
