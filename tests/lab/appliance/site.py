"""What the place where a host stands gives it: a name, addresses, a way to Debian's archive and Python's index.

All of it is read from this machine's own configuration when a host is made, and written into that host only.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.lab.appliance.gateway import PORT
from tests.lab.appliance.outside import HOST, INTERFACE, address4, address6

PROXY = f"http://{address4('gateway')}:{PORT}"
CERTIFICATES = "/etc/laboratory-certificates.pem"
PIP_CACHE = "/var/cache/laboratory-pip"
IMAGES = "/var/cache/laboratory-images"
"""Folders of this machine that a host sees."""
INTERFACES = f"""auto lo
iface lo inet loopback

auto {INTERFACE}
iface {INTERFACE} inet static
    address {address4(HOST)}/24
    gateway {address4("gateway")}
iface {INTERFACE} inet6 static
    address {address6(HOST)}/64
    gateway {address6("gateway")}
    dad-attempts 0
"""
"""As Debian's installer writes it: the interface is up after `network-pre.target`, which is after UFW."""
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "timeout")
"""Those of pip's settings that a host must share with the machine to reach an index."""


def give_site(root: Path, name: str) -> None:
    """Writes them into a host's root folder."""
    (root / "etc/hostname").write_text(f"{name}\n")
    (root / "etc/hosts").write_text(
        f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n"
        f"{address4('providers')} providers\n"
    )
    (root / "etc/network/interfaces").write_text(INTERFACES)
    (root / "etc/resolv.conf").write_text("# The laboratory has no name server: the proxy looks names up.\n")
    apt = [f'Acquire::http::Proxy "{PROXY}";', f'Acquire::https::Proxy "{PROXY}";']
    apt += [f'Acquire::https::CaInfo "{CERTIFICATES}";', *_apt_checks()]
    (root / "etc/apt/apt.conf.d/00laboratory").write_text("\n".join([*apt, ""]))
    bundle = Path(_pip_settings().get("cert") or "/etc/ssl/certs/ca-certificates.crt")
    (root / CERTIFICATES.lstrip("/")).write_bytes(bundle.read_bytes())
    pip = [f"proxy = {PROXY}", f"cert = {CERTIFICATES}", f"cache-dir = {PIP_CACHE}"]
    pip += [f"{key} = {value}" for key, value in _pip_settings().items() if key in PIP_SETTINGS and value]
    (root / "etc/pip.conf").write_text("\n".join(["[global]", *pip, ""]))


def _apt_checks() -> list[str]:
    """This machine's own decisions on how old an archive may be."""
    dump = subprocess.run(
        ["apt-config", "dump", "--format", '%f "%v";%n', "Acquire"], capture_output=True, text=True, check=False
    ).stdout
    return [line for line in dump.splitlines() if line.startswith(("Acquire::Check-", "Acquire::Max-"))]


def _pip_settings() -> dict[str, str]:
    """pip's settings on this machine, by name; those that lead to files of this machine are left out."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    ).stdout
    found: dict[str, str] = {}
    for line in said.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        kept = [word for word in value.strip("'\"").split() if not word.startswith("file:")]
        found[name] = " ".join(kept)
    return found
