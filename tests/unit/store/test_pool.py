"""The parts of the pool that need no server."""

import pytest

from app.errors import ConfigError
from app.store.pool import MESSAGE_MAX_CHARACTERS, Database, one_line


@pytest.mark.parametrize(
    "url",
    ["", "db_clients", "mysql://u@h/d", "postgresql://u@h:port/d", "postgresql://u@h:99999/d", "http://[/"],
)
def test_an_address_that_cannot_work_is_a_config_error_without_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match="database clients") as caught:
        Database(url.replace("u@", "u:geheim@"), name="clients")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h:5432/d", "postgres://u@h/d", "postgresql://postgres@/d?host=/run/x"]
)
def test_an_address_that_can_work_connects_nothing(url: str) -> None:
    assert not Database(url).healthy


def test_one_line_is_one_line_and_never_empty() -> None:
    assert one_line(ValueError("first\n  second\t third")) == "first second third"
    assert one_line(TimeoutError()) == "TimeoutError"
    assert len(one_line(ValueError("x" * 9999))) == MESSAGE_MAX_CHARACTERS
