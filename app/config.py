"""Settings: read once, all errors in one message, secrets masked.

Sources, first one wins: environment, files in `$CREDENTIALS_DIRECTORY` (systemd credentials, one file a secret),
`.env` in the working directory, defaults. Every name is documented in `docs/settings.md`.
"""

import difflib
import os
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from app.errors import ConfigError

Network = IPv4Network | IPv6Network
Codec = Literal["slin", "ulaw", "alaw"]
"""What an Asterisk sends under AudioSocket's kind 0x10 (`docs/audiosocket.md`)."""
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""This machine, as it is seen from itself."""
THIS_MACHINE = IPv4Address("127.0.0.1")
"""The Asterisk when REMOTE_ASTERISK_IP names none."""

DEEPGRAM_FRENCH_MODELS = ("nova-3", "nova-3-general", "nova-2", "nova-2-general", "flux-general-multi")
"""Models that understand French (Deepgram docs, "Models and languages overview"); `nova-2-phonecall` does not."""


def _networks(value: object) -> object:
    """Comma list of addresses or networks → tuple of networks; one wrong entry names itself."""
    if not isinstance(value, str):
        return value
    networks = []
    for entry in filter(None, (part.strip() for part in value.split(","))):
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            raise ValueError(
                f"{entry!r} is no address or network; write for instance 203.0.113.10,10.0.0.0/8,2001:db8::/32"
            ) from None
    return tuple(networks)


def _codecs(value: object) -> object:
    """Comma list of NETWORK=CODEC → tuple of pairs; all wrong entries name themselves."""
    if not isinstance(value, str):
        return value
    codecs: dict[Network, str] = {}
    problems = []
    for entry in filter(None, (part.strip() for part in value.split(","))):
        address, _, codec = (part.strip() for part in entry.partition("="))
        try:
            network = ip_network(address, strict=False)
        except ValueError:
            problems.append(f"{entry!r} begins with no address or network; write for instance 203.0.113.10=ulaw")
            continue
        if codec.startswith("slin") and codec[4:].isdigit():
            problems.append(f"{entry!r}: wideband sound needs no setting, its frames say what they are")
        elif codec not in get_args(Codec):
            problems.append(f"{entry!r}: {codec!r} is none of {', '.join(get_args(Codec))}")
        elif codecs.setdefault(network, codec) != codec:
            problems.append(f"{network} is given {codecs[network]} and {codec}")
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(codecs.items())


def _names(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(filter(None, (part.strip() for part in value.split(","))))


def _base_address(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.netloc:
            # Never the value itself: a database address holds a password.
            raise ValueError(f"must look like {schemes[0]}://host:port, not {parts.scheme or 'no scheme'}://…")
        return value.rstrip("/")

    return AfterValidator(check)


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Codecs = Annotated[tuple[tuple[Network, Codec], ...], NoDecode, BeforeValidator(_codecs)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Port = Annotated[int, Field(ge=0, le=65535)]
Extension = Annotated[str, Field(pattern=r"^[A-Za-z0-9*#]{0,80}$")]
"""What a telephone can dial, or a name: nothing that means something else to a dialplan."""
WebSocketAddress = Annotated[str, _base_address("wss", "ws")]
HttpAddress = Annotated[str, _base_address("https", "http")]
DatabaseAddress = Annotated[str, _base_address("postgresql", "postgres")]
HiddenDatabaseAddress = Annotated[DatabaseAddress | None, Field(repr=False)]
"""It may hold a password."""


class Settings(BaseSettings):
    """Every setting of the product; field names in upper case are the environment's names."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        case_sensitive=False,
        hide_input_in_errors=True,
    )

    # Secrets
    deepgram_api_key: SecretStr = SecretStr("")
    groq_api_key: SecretStr = SecretStr("")
    elevenlabs_api_key: SecretStr = SecretStr("")
    openai_api_key: SecretStr = SecretStr("")
    db_password: SecretStr = SecretStr("")
    grafana_password: SecretStr = SecretStr("")
    ami_username: str = ""
    ami_secret: SecretStr = SecretStr("")
    ami_port: Annotated[int, Field(ge=1, le=65535)] = 5038

    # Network
    audiosocket_host: str = "0.0.0.0"
    audiosocket_port: Port = 9090
    audiosocket_codecs: Codecs = ()
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9091
    metrics_allowed: Networks = ()
    share_ports: bool = False
    server_host_ip: str = ""
    remote_asterisk_ip: Networks = ()
    personal_ip: Networks = ()
    trusted_proxies: Networks = ()
    require_announced_calls: bool = False
    transfer_target: Extension = ""

    # Calls
    max_concurrent_calls: Annotated[int, Field(ge=1, le=10_000)] = 20
    max_call_seconds: Annotated[float, Field(ge=5, le=7200)] = 900.0
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 900.0
    solution_wait_seconds: Annotated[float, Field(ge=1, le=600)] = 120.0
    interrupted_by: Literal["voice", "words"] = "voice"
    early_starts: Annotated[int, Field(ge=0, le=10)] = 3
    api_timeout: Annotated[float, Field(gt=0, le=30)] = 5.0
    max_loop_lag_ms: Annotated[int, Field(ge=0, le=10_000)] = 60
    workers: Annotated[int, Field(ge=0, le=64)] = 0

    # Providers
    deepgram_url: WebSocketAddress = "wss://api.deepgram.com"
    deepgram_model: str = "nova-3"
    deepgram_language: str = "fr"
    deepgram_encoding: Literal["linear16", "mulaw"] = "linear16"
    deepgram_piece_ms: Annotated[int, Field(ge=20, le=250)] = 40
    deepgram_max_streams: Annotated[int, Field(ge=1, le=100_000)] = 150
    groq_url: HttpAddress = "https://api.groq.com"
    groq_model: str = "openai/gpt-oss-120b"
    groq_fallback_models: Names = ("openai/gpt-oss-20b",)
    elevenlabs_url: HttpAddress = "https://api.elevenlabs.io"
    elevenlabs_model: str = "eleven_flash_v2_5"
    elevenlabs_voice: str = "Antoine"
    elevenlabs_format: Literal["pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "ulaw_8000", "alaw_8000"] = "pcm_8000"
    elevenlabs_max_streams: Annotated[int, Field(ge=1, le=100_000)] = 10

    # What is kept
    clients_database_url: HiddenDatabaseAddress = None
    tickets_database_url: HiddenDatabaseAddress = None
    embedded_postgres_dir: Path = Path("var/postgres")
    recordings_dir: Path = Path("var/recordings")
    spool_dir: Path = Path("var/spool")
    cache_dir: Path = Path("var/cache")
    live_dir: Path = Path("var/live")
    prompts_file: Path | None = None
    structured_logging: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _possible_together(self) -> "Settings":
        problems = []
        english = self.deepgram_language.lower().split("-")[0] == "en"
        if not english and self.deepgram_model not in DEEPGRAM_FRENCH_MODELS:
            problems.append(
                f"DEEPGRAM_MODEL: {self.deepgram_model!r} does not understand French;"
                f" choose one of {', '.join(DEEPGRAM_FRENCH_MODELS)}"
            )
        if self.deepgram_language.lower() == "fr-fr":
            problems.append(f"DEEPGRAM_LANGUAGE: Deepgram refuses {self.deepgram_language!r}; write fr or fr-CA")
        if (self.clients_database_url is None) != (self.tickets_database_url is None):
            problems.append(
                "CLIENTS_DATABASE_URL, TICKETS_DATABASE_URL: give both, or neither for the embedded PostgreSQL"
            )
        if self.prompts_file is not None and not self.prompts_file.is_file():
            problems.append(f"PROMPTS_FILE: no file {self.prompts_file}")
        if bool(self.ami_username) != bool(self.ami_secret.get_secret_value()):
            problems.append("AMI_USERNAME, AMI_SECRET: give both, or neither to do without AMI")
        elif self.require_announced_calls and not self.ami_username:
            problems.append("REQUIRE_ANNOUNCED_CALLS: calls are announced over AMI; give AMI_USERNAME and AMI_SECRET")
        elif self.require_announced_calls and not self.ami_addresses:
            problems.append(
                "REQUIRE_ANNOUNCED_CALLS: REMOTE_ASTERISK_IP must name the Asterisk servers by their addresses;"
                " networks can't be connected to"
            )
        if self.groq_url.endswith("/openai/v1"):
            problems.append("GROQ_URL: leave '/openai/v1' away, the Groq SDK adds it")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Credentials are closer to the service than a forgotten `.env`."""
        return init_settings, env_settings, file_secret_settings, dotenv_settings

    def codec_of(self, peer: IPv4Address | IPv6Address | None) -> Codec:
        """What this Asterisk sends under kind 0x10: the narrowest network of AUDIOSOCKET_CODECS decides."""
        found = [(network.prefixlen, codec) for network, codec in self.audiosocket_codecs if peer and peer in network]
        return max(found, default=(0, "slin"))[1]

    @property
    def crew(self) -> int:
        """Worker processes: as many as WORKERS says, or one per core this process may run on; never more than calls."""
        return min(self.workers or len(os.sched_getaffinity(0)), self.max_concurrent_calls)

    @property
    def metrics_readers(self) -> tuple[Network, ...]:
        """Who may read the operator's pages: this machine, the administrators, and whom METRICS_ALLOWED names."""
        return (*LOOPBACK, *self.personal_ip, *self.metrics_allowed)

    @property
    def ami_addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """Asterisk servers to have an AMI link with: the single addresses of REMOTE_ASTERISK_IP."""
        if not self.ami_username:
            return ()
        if not self.remote_asterisk_ip:
            return (THIS_MACHINE,)
        return tuple(one.network_address for one in self.remote_asterisk_ip if one.num_addresses == 1)

    @property
    def uses_embedded_postgres(self) -> bool:
        """No address was given: the embedded PostgreSQL is started."""
        return self.clients_database_url is None


def load_settings(**overrides: Any) -> Settings:
    """Reads and checks all settings.

    Raises:
        ConfigError: with one line for every setting that is wrong.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    secrets_dir = credentials if credentials and Path(credentials).is_dir() else None
    env_file = overrides.get("_env_file", Settings.model_config.get("env_file"))
    if problems := _unreadable_lines(env_file):
        raise ConfigError(problems)
    try:
        return Settings(_secrets_dir=secrets_dir, **overrides)
    except ValidationError as error:
        problems = [line for entry in error.errors() for line in _explain(dict(entry))]
        impossible = _impossible_pairs(secrets_dir, overrides, error)
    raise ConfigError(problems + [line for line in impossible if line not in problems])


class _WrongSettings(Settings):
    """Settings with mistakes in them: unknown names pass."""

    model_config = SettingsConfigDict(extra="ignore")


def _impossible_pairs(secrets_dir: str | None, overrides: dict[str, Any], error: ValidationError) -> list[str]:
    """What can't work together, found out although some settings are wrong by themselves.

    Pydantic stops before `_possible_together` at the first wrong setting; so the wrong ones take their defaults, and
    what is said about those is left out.
    """
    wrong = {str(entry["loc"][0]).lower() for entry in error.errors() if entry["loc"]} & Settings.model_fields.keys()
    defaults = {name: Settings.model_fields[name].get_default() for name in wrong}
    try:
        _WrongSettings(_secrets_dir=secrets_dir, **{**overrides, **defaults})
    except ValidationError as pairs:
        lines = [line for entry in pairs.errors() for line in _explain(dict(entry))]
        return [line for line in lines if not any(name.upper() in line for name in wrong)]
    return []


def _unreadable_lines(env_file: Any) -> list[str]:
    """Lines of the .env that python-dotenv would pass over with a warning."""
    path = Path(str(env_file)) if env_file else None
    if path is None or not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as file:
        return [
            f"{path}, line {binding.original.line}: write NAME=value, not {binding.original.string.split()[0]} …"
            for binding in parse_stream(file)
            if binding.error
        ]


def _explain(entry: dict[str, Any]) -> list[str]:
    """One pydantic error as lines "NAME: what is wrong"."""
    name = ".".join(str(part) for part in entry["loc"][:1]).upper()
    if entry["type"] == "extra_forbidden":
        known = [field.upper() for field in Settings.model_fields]
        close = difflib.get_close_matches(name, known, n=1)
        return [f"{name}: unknown setting" + (f"; did you mean {close[0]}?" if close else "")]
    message = str(entry["msg"]).removeprefix("Value error, ")
    return [f"{name}: {message}"] if name else message.split("\n")
