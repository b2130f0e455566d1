"""Errors for people: one line, short enough to read, and the same after they are copied or pickled."""

import copy
import pickle

import pytest

from ods_pipeline.errors import (
    MOST_OF_A_NAME,
    MOST_SHOWN,
    BadFetch,
    BadRelease,
    Busy,
    NoRoom,
    OdsError,
    Unreachable,
)

KINDS = (OdsError, BadRelease, BadFetch, Unreachable, Busy, NoRoom)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("twin", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copy_is_the_same_error(kind: type[OdsError], twin) -> None:
    error = kind("the zip is damaged", where="a.zip", do="Download it again")
    copied = twin(error)
    assert type(copied) is kind
    assert str(copied) == str(error) == "a.zip: the zip is damaged. Download it again."
    assert (copied.what, copied.where, copied.do) == (error.what, error.where, error.do)


def test_a_note_follows_what_to_do() -> None:
    error = BadFetch("its receipt is missing", where="fetch=1", do="Fetch it again")
    noted = error.with_note("It is in quarantine/")
    assert type(noted) is BadFetch
    assert str(noted) == "fetch=1: its receipt is missing. Fetch it again. It is in quarantine/."


def test_a_question_has_no_full_stop() -> None:
    error = OdsError("it has no column of codes", where="a.csv", do="Is this the report etr?")
    assert str(error) == "a.csv: it has no column of codes. Is this the report etr?"
    noted = error.with_note("It is kept")
    assert str(noted) == "a.csv: it has no column of codes. Is this the report etr? It is kept."


@pytest.mark.promise("explained")
def test_a_message_is_one_line_that_can_be_read() -> None:
    error = OdsError("x\n\x1b[2J" * 10_000, where="n" * 10_000, do="Give another")
    assert str(error).isprintable()
    assert len(str(error)) < MOST_SHOWN + MOST_OF_A_NAME + 50
