"""Settings: where they come from, what is refused, and what is never shown."""

import os
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from app.config import Settings, load_settings
from app.errors import ConfigError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting comes from the machine that runs the test; the working directory is empty."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(**overrides: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(**overrides)
    return caught.value.problems


def test_the_defaults_of_the_contract() -> None:
    settings = load_settings()
    assert (settings.audiosocket_host, settings.audiosocket_port, settings.metrics_port) == ("0.0.0.0", 9090, 9091)
    assert (settings.deepgram_model, settings.deepgram_language) == ("nova-3", "fr")
    assert settings.groq_model == "openai/gpt-oss-120b"
    assert (settings.elevenlabs_model, settings.elevenlabs_voice) == ("eleven_flash_v2_5", "Antoine")
    assert settings.max_concurrent_calls == 20
    assert settings.uses_embedded_postgres


@pytest.mark.parametrize(
    "name",
    """DEEPGRAM_API_KEY GROQ_API_KEY ELEVENLABS_API_KEY OPENAI_API_KEY DB_PASSWORD GRAFANA_PASSWORD SERVER_HOST_IP
    REMOTE_ASTERISK_IP AMI_USERNAME AMI_SECRET PERSONAL_IP MAX_CONCURRENT_CALLS API_TIMEOUT STRUCTURED_LOGGING
    AUDIOSOCKET_HOST AUDIOSOCKET_PORT METRICS_HOST METRICS_PORT WORKERS DEEPGRAM_URL GROQ_URL ELEVENLABS_URL
    DEEPGRAM_MODEL DEEPGRAM_LANGUAGE GROQ_MODEL GROQ_FALLBACK_MODELS ELEVENLABS_MODEL ELEVENLABS_VOICE
    CLIENTS_DATABASE_URL TICKETS_DATABASE_URL RECORDINGS_DIR SPOOL_DIR CACHE_DIR PROMPTS_FILE MAX_CALL_SECONDS
    REQUIRE_ANNOUNCED_CALLS TRUSTED_PROXIES""".split(),  # noqa: SIM905 -- as the contract lists them
)
def test_every_setting_of_the_contract_exists(name: str) -> None:
    assert name.lower() in Settings.model_fields


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "WORKERS": "1",
        "AUDIOSOCKET_PORT": "0",
        "STRUCTURED_LOGGING": "true",
        "API_TIMEOUT": "2.5",
        "GROQ_FALLBACK_MODELS": " a , b,,",
        "GROQ_URL": "http://127.0.0.1:9302/",
        "CLIENTS_DATABASE_URL": "postgresql://u@h/db_clients",
        "TICKETS_DATABASE_URL": "postgres://u@h:5433/db_tickets",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.workers, settings.audiosocket_port, settings.structured_logging) == (1, 0, True)
    assert settings.api_timeout == 2.5
    assert settings.groq_fallback_models == ("a", "b")
    assert settings.groq_url == "http://127.0.0.1:9302", "a base address ends without a slash"
    assert not settings.uses_embedded_postgres


@pytest.mark.parametrize(
    ("workers", "calls", "crew"),
    [("3", "20", 3), ("64", "5", 5), ("0", "1", 1), ("", "10000", None), ("0", "99", None)],
)
def test_workers_are_one_a_core_or_as_many_as_told(
    monkeypatch: pytest.MonkeyPatch, workers: str, calls: str, crew: int | None
) -> None:
    monkeypatch.setenv("WORKERS", workers)
    monkeypatch.setenv("MAX_CONCURRENT_CALLS", calls)
    assert load_settings().crew == (crew or len(os.sched_getaffinity(0)))


def test_an_empty_setting_is_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOSOCKET_PORT", "")
    assert load_settings().audiosocket_port == 9090


def test_networks_of_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOTE_ASTERISK_IP", "203.0.113.10, 10.0.0.0/8,2001:db8::/32,10.1.2.3/24,")
    assert load_settings().remote_asterisk_ip == (
        ip_network("203.0.113.10/32"),
        ip_network("10.0.0.0/8"),
        ip_network("2001:db8::/32"),
        ip_network("10.1.2.0/24"),
    )


def test_networks_that_are_networks_already() -> None:
    network = ip_network("192.0.2.0/24")
    assert load_settings(personal_ip=(network,), groq_fallback_models=("x",)).personal_ip == (network,)


@pytest.mark.parametrize("entry", ["10.0.0.300", "example.com", "10.0.0.0/33", "2001:db8::/129"])
def test_what_is_no_network_is_named(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", f"10.0.0.1,{entry}")
    (problem,) = refused()
    assert problem.startswith(f"TRUSTED_PROXIES: {entry!r} is no address or network")


def test_the_narrowest_network_says_what_an_asterisk_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOSOCKET_CODECS", "10.0.0.0/8=ulaw, 10.0.1.0/24 = alaw,10.0.1.7=slin,2001:db8::/32=alaw,")
    settings = load_settings()
    codecs = {
        "10.9.9.9": "ulaw",
        "10.0.1.8": "alaw",
        "10.0.1.7": "slin",
        "192.0.2.1": "slin",
        "2001:db8::1": "alaw",
        "::1": "slin",
    }
    assert {peer: settings.codec_of(ip_address(peer)) for peer in codecs} == codecs
    assert settings.codec_of(None) == "slin"
    assert load_settings(audiosocket_codecs=settings.audiosocket_codecs) == settings


def test_every_codec_that_can_not_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AUDIOSOCKET_CODECS", "10.0.0.1=g722,10.0.0.2=slin16,here=ulaw,10.0.0.3,10.0.0.4=ulaw,10.0.0.4=alaw"
    )
    (problem,) = refused()
    for words in (
        "AUDIOSOCKET_CODECS: '10.0.0.1=g722': 'g722' is none of slin, ulaw, alaw",
        "'10.0.0.2=slin16': wideband sound needs no setting",
        "'here=ulaw' begins with no address or network",
        "'10.0.0.3': '' is none of",
        "10.0.0.4/32 is given ulaw and alaw",
    ):
        assert words in problem


def test_all_errors_come_in_one_message(monkeypatch: pytest.MonkeyPatch, bare: Path) -> None:
    (bare / ".env").write_text("AUDIOSOKET_PORT=1\nWORKERS=65\n", encoding="utf-8")
    for name, value in {
        "AUDIOSOCKET_PORT": "90900",
        "MAX_CONCURRENT_CALLS": "many",
        "REMOTE_ASTERISK_IP": "here",
        "DEEPGRAM_URL": "https://api.deepgram.com",
        "DEEPGRAM_MODEL": "nova-2-phonecall",
        "PROMPTS_FILE": "nowhere.yaml",
    }.items():
        monkeypatch.setenv(name, value)
    problems = refused()
    names = sorted(problem.split(":")[0] for problem in problems)
    assert names == [
        "AUDIOSOCKET_PORT",
        "AUDIOSOKET_PORT",
        "DEEPGRAM_MODEL",
        "DEEPGRAM_URL",
        "MAX_CONCURRENT_CALLS",
        "PROMPTS_FILE",
        "REMOTE_ASTERISK_IP",
        "WORKERS",
    ]


def test_announced_calls_need_ami_and_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_ANNOUNCED_CALLS", "true")
    assert [problem.split(":")[0] for problem in refused()] == ["REQUIRE_ANNOUNCED_CALLS"]
    monkeypatch.setenv("AMI_USERNAME", "voicebot")
    assert [problem.split(":")[0] for problem in refused()] == ["AMI_USERNAME, AMI_SECRET"]
    monkeypatch.setenv("AMI_SECRET", "Xh7-hidden")
    assert load_settings().ami_addresses == (ip_address("127.0.0.1"),)
    monkeypatch.setenv("REMOTE_ASTERISK_IP", "10.0.0.0/8")
    assert [problem.split(":")[0] for problem in refused()] == ["REQUIRE_ANNOUNCED_CALLS"]
    monkeypatch.setenv("REMOTE_ASTERISK_IP", "10.0.0.0/8,203.0.113.10,2001:db8::1")
    assert load_settings().ami_addresses == (ip_address("203.0.113.10"), ip_address("2001:db8::1"))


@pytest.mark.parametrize("target", ["6001,1", "a b", "${X}", "6001)", "6001\n"])
def test_a_target_that_means_something_to_a_dialplan_is_none(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    monkeypatch.setenv("TRANSFER_TARGET", target)
    assert [problem.split(":")[0] for problem in refused()] == ["TRANSFER_TARGET"]


def test_an_unknown_name_gets_a_suggestion(bare: Path) -> None:
    (bare / ".env").write_text("DEEPGRAM_MODELL=nova-3\nXYZZY=1\n", encoding="utf-8")
    assert sorted(refused()) == [
        "DEEPGRAM_MODELL: unknown setting; did you mean DEEPGRAM_MODEL?",
        "XYZZY: unknown setting",
    ]


def test_a_setting_that_is_wrong_by_itself_is_not_blamed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENTS_DATABASE_URL", "mysql://h/db")
    monkeypatch.setenv("TICKETS_DATABASE_URL", "postgresql://h/db")
    assert refused() == ["CLIENTS_DATABASE_URL: must look like postgresql://host:port, not mysql://…"]


@pytest.mark.parametrize(
    ("model", "language", "possible"),
    [
        ("nova-3", "fr", True),
        ("nova-3", "fr-CA", True),
        ("nova-3", "multi", True),
        ("nova-2", "fr", True),
        ("flux-general-multi", "fr", True),
        ("nova-2-phonecall", "en", True),
        ("nova-2-phonecall", "fr", False),
        ("nova-2-phonecall", "multi", False),
        ("flux-general-en", "fr", False),
        ("nova-3", "fr-FR", False),
        ("nova-3", "fr-fr", False),
    ],
)
def test_model_and_language(monkeypatch: pytest.MonkeyPatch, model: str, language: str, possible: bool) -> None:
    monkeypatch.setenv("DEEPGRAM_MODEL", model)
    monkeypatch.setenv("DEEPGRAM_LANGUAGE", language)
    if possible:
        assert load_settings().deepgram_model == model
    else:
        (problem,) = refused()
        assert problem.startswith("DEEPGRAM_")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TICKETS_DATABASE_URL", "postgresql://h/db", "give both"),
        ("GROQ_URL", "https://api.groq.com/openai/v1", "leave '/openai/v1' away"),
        ("PROMPTS_FILE", "none.yaml", "no file none.yaml"),
        ("GROQ_URL", "api.groq.com", "no scheme"),
        ("API_TIMEOUT", "0", "greater than 0"),
        ("MAX_CALL_SECONDS", "1", "greater than or equal to 5"),
        ("LOG_LEVEL", "LOUD", "'DEBUG'"),
        ("WORKERS", "-1", "greater than or equal to 0"),
        ("DEEPGRAM_MAX_STREAMS", "0", "greater than or equal to 1"),
        ("ELEVENLABS_MAX_STREAMS", "0", "greater than or equal to 1"),
        ("MAX_LOOP_LAG_MS", "-1", "greater than or equal to 0"),
    ],
)
def test_what_can_not_work_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = refused()
    assert name in problem
    assert said in problem


def test_secrets_from_the_credentials_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "deepgram_api_key").write_text("from-a-file\n", encoding="utf-8")
    (credentials / "GROQ_API_KEY").write_text("also-from-a-file", encoding="utf-8")
    (credentials / "unrelated").write_text("x", encoding="utf-8")
    (tmp_path / ".env").write_text("DEEPGRAM_API_KEY=forgotten\nELEVENLABS_API_KEY=from-dotenv\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    settings = load_settings()
    assert settings.deepgram_api_key.get_secret_value() == "from-a-file"
    assert settings.groq_api_key.get_secret_value() == "also-from-a-file"
    assert settings.elevenlabs_api_key.get_secret_value() == "from-dotenv"
    monkeypatch.setenv("DEEPGRAM_API_KEY", "from-the-environment")
    assert load_settings().deepgram_api_key.get_secret_value() == "from-the-environment"


def test_a_credentials_directory_that_is_gone_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "gone"))
    assert load_settings().deepgram_api_key.get_secret_value() == ""


SECRETS = ["deepgram_api_key", "groq_api_key", "elevenlabs_api_key", "openai_api_key", "db_password", "ami_secret"]


def test_nothing_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_USERNAME", "voicebot")
    for name in [*SECRETS, "grafana_password"]:
        monkeypatch.setenv(name.upper(), "Xh7-hidden")
    monkeypatch.setenv("CLIENTS_DATABASE_URL", "postgresql://voicebot:Xh7-hidden@h/db_clients")
    monkeypatch.setenv("TICKETS_DATABASE_URL", "postgresql://voicebot:Xh7-hidden@h/db_tickets")
    settings = load_settings()
    assert "Xh7-hidden" not in repr(settings)
    assert "Xh7-hidden" not in str(settings)


def test_nothing_secret_is_shown_in_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENTS_DATABASE_URL", "mysql://voicebot:Xh7-hidden@h/db")
    monkeypatch.setenv("TICKETS_DATABASE_URL", "voicebot:Xh7-hidden@h/db")
    monkeypatch.setenv("AUDIOSOCKET_PORT", "Xh7-hidden")
    assert len(refused()) == 3
    assert "Xh7-hidden" not in "\n".join(refused())


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "audiosocket_port", 1)  # noqa: B010


def test_a_line_of_the_env_file_that_does_not_parse_is_told(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("MAX_CONCURRENT_CALLS: 3\nAUDIOSOCKET_PORT=9090\nREMOTE_ASTERISK_IP 10.0.0.1\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(_env_file=env_file)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        f"{env_file}, line 1",
        f"{env_file}, line 3",
    ]
