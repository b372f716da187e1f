"""Settings of the dashboard: environment, or files in `$CREDENTIALS_DIRECTORY`. All errors are told at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import ConfigError

Network = IPv4Network | IPv6Network
READER = "voicebot_dashboard"
"""The database role of everything that only reads."""
SUPERVISOR = "voicebot_supervisor"
"""The database role that may call `change_ticket`, and read."""
PORT = 8502
LIVE_PORT_URL = "http://127.0.0.1:9091"


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """All of them; how each is written: docs/dashboard.md.

    Attributes:
        host, port: where it listens; the proxy in front of it is what others see.
        personal_ip: who may look at all.
        trusted_proxies: whose X-Forwarded-For is believed.
        secure_cookie: cookies over TLS only.
        reader_url, clients_url: databases of tickets and of clients, for the role that reads.
        supervisor_url: database of tickets, for the role that changes.
        users_file: who may log in (`dashboard.access.users`).
        session_s: how long a login lasts.
        recordings_dir, live_dir: as the server's settings of these names.
        metrics_url: base address of the server's metrics.
        firewall_file: what `voicebot firewall status --report` wrote, by a timer.
        zone: in which days begin and times are shown.
    """

    host: str
    port: int
    personal_ip: tuple[Network, ...]
    trusted_proxies: tuple[Network, ...]
    secure_cookie: bool
    reader_url: str = field(repr=False)
    clients_url: str = field(repr=False)
    supervisor_url: str = field(repr=False)
    users_file: Path
    session_s: float
    recordings_dir: Path
    live_dir: Path
    metrics_url: str
    firewall_file: Path
    zone: ZoneInfo


class _Reader:
    """Takes settings one by one and gathers what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        folder = environment.get("CREDENTIALS_DIRECTORY", "")
        self._credentials = Path(folder) if folder else None
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        if value := self._environment.get(name, "").strip():
            return value
        if self._credentials is not None:
            file = self._credentials / name.lower()
            if file.is_file():
                return file.read_text(encoding="utf-8").strip() or default
        return default

    def networks(self, name: str, default: str = "") -> tuple[Network, ...]:
        found = []
        for entry in filter(None, (part.strip() for part in self.text(name, default).split(","))):
            try:
                found.append(ip_network(entry, strict=False))
            except ValueError:
                self.problems.append(
                    f"{name}: {entry!r} is no address or network; write for instance 203.0.113.10,10.0.0.0/8"
                )
        return tuple(found)

    def number(self, name: str, default: float, low: float, high: float) -> float:
        text = self.text(name)
        try:
            value = float(text) if text else default
        except ValueError:
            value = -1.0
        if not low <= value <= high:
            self.problems.append(f"{name}: {text!r} is no number from {low:g} to {high:g}")
            return default
        return value

    def yes(self, name: str, default: bool) -> bool:
        text = self.text(name, str(default)).lower()
        if text not in ("true", "false", "1", "0", "yes", "no"):
            self.problems.append(f"{name}: write true or false, not {text!r}")
        return text in ("true", "1", "yes")

    def database(self, name: str) -> str:
        url = self.text(name)
        if not url:
            self.problems.append(f"{name}: missing; the same address as the server's")
        elif urlsplit(url).scheme not in ("postgresql", "postgres"):
            self.problems.append(f"{name}: must look like postgresql://host:port/name")
            return ""
        return url


def load_dashboard_settings(environment: Mapping[str, str] | None = None) -> DashboardSettings:
    """Reads and checks all settings.

    Raises:
        ConfigError: with one line for every setting that is wrong.
    """
    read = _Reader(os.environ if environment is None else environment)
    tickets, clients = read.database("TICKETS_DATABASE_URL"), read.database("CLIENTS_DATABASE_URL")
    reader_password = read.text("DASHBOARD_READER_PASSWORD")
    zone_name = read.text("DASHBOARD_TIME_ZONE", "Europe/Paris")
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        read.problems.append(f"DASHBOARD_TIME_ZONE: no time zone {zone_name!r}; write for instance Europe/Paris")
        zone = ZoneInfo("UTC")
    settings = DashboardSettings(
        host=read.text("DASHBOARD_HOST", "127.0.0.1"),
        port=int(read.number("DASHBOARD_PORT", PORT, 1, 65535)),
        personal_ip=read.networks("PERSONAL_IP"),
        trusted_proxies=read.networks("TRUSTED_PROXIES"),
        secure_cookie=read.yes("DASHBOARD_SECURE_COOKIE", True),
        reader_url=as_role(tickets, READER, reader_password),
        clients_url=as_role(clients, READER, reader_password),
        supervisor_url=as_role(tickets, SUPERVISOR, read.text("DASHBOARD_SUPERVISOR_PASSWORD")),
        users_file=Path(read.text("DASHBOARD_USERS_FILE", "var/dashboard-users")),
        session_s=3600 * read.number("DASHBOARD_SESSION_HOURS", 12, 0.01, 168),
        recordings_dir=Path(read.text("RECORDINGS_DIR", "var/recordings")),
        live_dir=Path(read.text("LIVE_DIR", "var/live")),
        metrics_url=read.text("DASHBOARD_METRICS_URL", LIVE_PORT_URL).rstrip("/"),
        firewall_file=Path(read.text("DASHBOARD_FIREWALL_FILE", "/run/voicebot-firewall/status.json")),
        zone=zone,
    )
    if not settings.personal_ip:
        read.problems.append("PERSONAL_IP: empty, so nobody could look; name the supervisors' addresses or networks")
    if read.problems:
        raise ConfigError(read.problems)
    return settings


def as_role(url: str, role: str, password: str) -> str:
    """The same database for another role; host, port and options stay."""
    if not url:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    who = quote(role) + (f":{quote(password, safe='')}" if password else "")
    rebuilt = urlunsplit((parts.scheme, f"{who}@{host}", parts.path, parts.query, ""))
    return rebuilt
