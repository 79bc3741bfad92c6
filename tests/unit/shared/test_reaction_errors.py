import asyncpg
import pytest

from shared.envelope import Malformed
from shared.problems import Conflict, NotFound, Unavailable
from shared.reaction import as_poison, is_outage


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.SerializationError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.QueryCanceledError(),
        asyncpg.InternalClientError("cannot switch to state 15"),
        asyncpg.AdminShutdownError(),
        Unavailable(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_outage__may_pass_by_itself__is_waited_out(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Malformed("record: bad"), "malformed"),
        (Conflict(), "refused"),
        (NotFound(), "refused"),
        (asyncpg.DataError("x"), "failed"),
        (asyncpg.exceptions._base.DataError("x"), "failed"),
        (asyncpg.UniqueViolationError("x"), "failed"),
        (KeyError("x"), "failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_poison__same_answer_for_ever__is_no_outage(error: Exception, code: str) -> None:
    assert not is_outage(error)
    assert as_poison(error).code == code


def test_poison__reason__repeats_nothing_of_the_error() -> None:
    assert as_poison(KeyError("Kari Nordmann")).why == "the handler failed: KeyError"
