"""No secret of a configuration file stays, and everything else does."""

from pathlib import Path

import pytest

from app.backup.configuration import LEFT_OUT, configuration_files, without_secrets


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('OPENAI_API_KEY="sk-1"', f"OPENAI_API_KEY={LEFT_OUT}"),
        ("secret = abc", f"secret = {LEFT_OUT}"),
        ("  db_password: 'x y'", f"  db_password: {LEFT_OUT}"),
        ("  - --web.token=abc", f"  - --web.token={LEFT_OUT}"),
        ('{"name": "voicebot", "password": "x"}', f'{{"name": "voicebot", "password": {LEFT_OUT}'),
        ("url: postgresql://voicebot:p%40ss@10.0.0.1/db", f"url: postgresql://voicebot:{LEFT_OUT}@10.0.0.1/db"),
        (
            "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\nb",
            f"a\n{LEFT_OUT}\nb",
        ),
        ("A=1\nAMI_SECRET=x\nB=2", f"A=1\nAMI_SECRET={LEFT_OUT}\nB=2"),
    ],
)
def test_a_secret_goes(line: str, kept: str) -> None:
    assert without_secrets(line) == kept


@pytest.mark.parametrize(
    "line",
    [
        'MAX_CONCURRENT_CALLS="40"',
        "POSTGRES_PASSWORD_FILE: /run/secrets/superuser",
        "AMI_SECRET=\nWORKERS=2",
        "url: https://api.groq.com:443/x@y",
        "# where the token comes from",
        "monkey: business",
    ],
)
def test_what_is_none_stays(line: str) -> None:
    assert without_secrets(line) == line


def test_folders_of_secrets_links_and_other_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/key").write_text("x")
    (tmp_path / "voicebot.env").write_text("A=1")
    (tmp_path / "link").symlink_to(tmp_path / "credentials/key")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    found = list(configuration_files([tmp_path, tmp_path / "voicebot.env", tmp_path / "nothing"]))
    assert found == [(tmp_path / "voicebot.env", b"A=1")]
