"""Long work in slices: others get their turn in between, and the progress is told."""

import asyncio
from collections.abc import Iterator

import pytest

from services.facility.season import jobs


async def test_in_slices__long_work__leaves_turns_to_others_and_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(jobs, "TELL_SECONDS", -1.0)
    turns, told = 0, []

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def tell(done: int) -> None:
        told.append(done)

    other = asyncio.create_task(somebody_else())
    await jobs.in_slices(iter(range(1, 21)), tell)
    other.cancel()
    assert turns >= 20
    assert told == list(range(1, 21))


async def test_in_slices__work_that_fails__fails_with_its_own_error() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    async def tell(done: int) -> None:
        raise AssertionError("too short to tell of")

    with pytest.raises(KeyError):
        await jobs.in_slices(broken(), tell)
