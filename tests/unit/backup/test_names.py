"""Names of backups, and which of them go."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backup.names import is_name, is_partial, name_of, outdated, partial_of, time_of

NOW = datetime(2026, 11, 29, 2, 15, tzinfo=UTC)


def test_a_name_is_the_time_in_utc() -> None:
    assert name_of(datetime(2026, 11, 29, 3, 15, 7, tzinfo=timezone(timedelta(hours=1)))) == "20261129T021507Z"
    assert time_of("20261129T021500Z") == NOW


@pytest.mark.parametrize(
    "name", ["", "..", "20261129T021500", "20261129t021500z", "20261329T021500Z", " 20261129T021500Z"]
)
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_what_is_half_made_has_no_name_of_a_backup() -> None:
    partial = partial_of(name_of(NOW))
    assert not is_name(partial)
    assert is_partial(partial)
    assert not is_partial(".lock.partial")


def test_older_ones_go_and_the_newest_never() -> None:
    names = [name_of(NOW - timedelta(days=age)) for age in (20, 15, 14, 13, 1)]
    assert outdated(names, NOW, keep_days=14, keep_at_least=1) == names[:2]
    assert outdated(names, NOW, keep_days=14, keep_at_least=4) == names[:1]
    assert outdated(names, NOW + timedelta(days=400), keep_days=14, keep_at_least=3) == names[:2]


@given(st.lists(st.integers(0, 100), unique=True), st.integers(1, 60), st.integers(1, 9))
def test_something_always_stays(ages: list[int], keep_days: int, keep_at_least: int) -> None:
    names = [name_of(NOW - timedelta(days=age)) for age in ages]
    gone = outdated([*names, "lost+found", ".lock"], NOW, keep_days, keep_at_least)
    assert set(gone) <= set(names)
    stay = sorted(set(names) - set(gone))
    assert len(stay) >= min(keep_at_least, len(names))
    assert all(time_of(name) >= NOW - timedelta(days=keep_days) for name in stay[:-keep_at_least])
