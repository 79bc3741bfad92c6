"""When the demo was last loaded, as the next start finds it."""

import datetime as dt
import json
from pathlib import Path

import pytest

from deploy.local.demo import __main__ as loading

AT = dt.datetime(2026, 11, 24, 11, 20, tzinfo=dt.UTC)


@pytest.fixture
def done(tmp_path: Path) -> Path:
    path = tmp_path / "demo.done"
    path.write_text(json.dumps({"at": AT.isoformat(), "plan": loading.digest()}))
    return path


def test_loaded_at__of_a_house_loaded_by_this_plan__is_when(done: Path) -> None:
    assert loading.loaded_at(done) == AT


def test_loaded_at__of_a_house_loaded_by_another_plan__is_nothing(done: Path) -> None:
    done.write_text(json.dumps({"at": AT.isoformat(), "plan": "another"}))
    assert loading.loaded_at(done) is None


@pytest.mark.parametrize("text", ["", "{", "[1", "\x00"])
def test_loaded_at__of_a_file_that_says_nothing__is_nothing(done: Path, text: str) -> None:
    done.write_text(text)
    assert loading.loaded_at(done) is None


def test_loaded_at__of_a_new_house__is_nothing(tmp_path: Path) -> None:
    assert loading.loaded_at(tmp_path / "demo.done") is None


def test_bring_up__of_a_house_that_does_not_answer__leaves_what_was_said(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.demo.caller.PATIENCE_SECONDS", 0.0)
    before = done.read_text()
    with pytest.raises(loading.LocalError, match="does not answer"):
        loading.bring_up("http://127.0.0.1:9", "token", done)
    assert done.read_text() == before
