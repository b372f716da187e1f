"""Programs of the system that the laboratory needs, and the packages that bring them."""

import os
import shutil

from app.errors import ConfigError
from tests.browser import tools as browser

PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "debootstrap": "debootstrap",
    "git": "git",
    "ip": "iproute2",
    "iptables-legacy": "iptables",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "promtool": "prometheus",
    "sipp": "sip-tester",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}
"""By program."""


def missing_packages() -> list[str]:
    """Debian packages of the programs that are not there; sorted."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # without a login, root's PATH may lack these two
    found = {package for program, package in PACKAGES.items() if shutil.which(program, path=path) is None}
    return sorted(found.union(browser.missing_packages(["chromium"])))  # an administrator looks at the dashboard


def check_tools() -> None:
    """Makes sure that the laboratory can work here.

    Raises:
        ConfigError: with what to do, one line for each thing that is missing.
    """
    problems = []
    if os.geteuid() != 0:
        problems.append("the laboratory makes network namespaces: run it as root")
    if packages := missing_packages():
        problems.append(f"missing programs: apt-get install --no-install-recommends {' '.join(packages)}")
    if problems:
        raise ConfigError(problems)
