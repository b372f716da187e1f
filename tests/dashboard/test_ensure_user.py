"""`ensure`, with which Ansible keeps users: nothing is written that is so already."""

import io
from pathlib import Path

import pytest

from app.errors import ConfigError
from dashboard.access.users import Users, ensure_user, main, read_users

PASSWORD = "a long enough one"


def test_a_user_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "users"
    assert ensure_user(file, "anne", "supervisor", PASSWORD)
    written = file.read_bytes()
    assert not ensure_user(file, "anne", "supervisor", PASSWORD)
    assert file.read_bytes() == written


@pytest.mark.parametrize(("role", "password"), [("reader", PASSWORD), ("supervisor", "another long one")])
def test_another_role_or_password_is_written(tmp_path: Path, role: str, password: str) -> None:
    file = tmp_path / "users"
    ensure_user(file, "anne", "supervisor", PASSWORD)
    assert ensure_user(file, "anne", role, password)
    user = Users(file).check("anne", password)
    assert user is not None
    assert user.role == role


def test_what_can_not_be_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "users"
    ensure_user(file, "anne", "supervisor", PASSWORD)
    written = file.read_bytes()
    for role, password in (("king", PASSWORD), ("reader", "short")):
        with pytest.raises(ConfigError):
            ensure_user(file, "anne", role, password)
    assert file.read_bytes() == written


def test_the_command_tells_what_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "users")
    for expected in ("changed: anne\n", ""):
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD))
        assert main([file, "ensure", "anne", "reader"]) == 0
        assert capsys.readouterr().out == expected
    assert main([file, "ensure-absent", "anne"]) == 0
    assert capsys.readouterr().out == "changed: anne\n"
    assert read_users(Path(file)) == {}
    assert main([file, "ensure-absent", "anne"]) == 0
    assert capsys.readouterr().out == ""
