"""This machine's tables: which kind of iptables it uses, what stands in them, and writing to them.

Rules are read with iptables-save and written by python-iptables: what was written is judged by another program than the
one that wrote it.
"""

import json
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from app.errors import ConfigError, VoicebotError
from app.firewall.plan import Step
from app.firewall.rules import FAMILIES, Family
from app.firewall.ruleset import Ruleset, target_of
from app.firewall.writer import REHEARSAL, TRY_AGAIN
from app.locked_file import locked

PROGRAMS: dict[Family, str] = {"ipv4": "iptables", "ipv6": "ip6tables"}
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
LOCK = Path(os.environ.get("XTABLES_LOCKFILE") or "/run/xtables.lock")
"""That of the iptables programs (iptables 1.8, xshared.c), which python-iptables does not know of."""
LOCK_WAIT_S = 30.0
UFW = Path("/etc/ufw")
UFW_PREFIXES: dict[Family, str] = {"ipv4": "ufw", "ipv6": "ufw6"}
UFW_PARTS = ("before-logging", "before", "after", "after-logging", "reject", "track")
"""Of the names of its chains, in the order in which packets meet them (ufw 0.36, ufw-init-functions)."""
PROGRAM_TIMEOUT_S = 30.0
TRIES = 20
PAUSE_S = 0.1


class TryAgainError(VoicebotError):
    """Somebody else changed the table between our reading and our writing."""


def check_root() -> None:
    """Makes sure that the tables may be read at all.

    Raises:
        ConfigError: they may not.
    """
    if os.geteuid() != 0:
        raise ConfigError(["the firewall is root's: sudo voicebot firewall …"])


def families() -> tuple[Family, ...]:
    """Those that this machine speaks; IPv6 may be switched off (`ipv6.disable=1`)."""
    return FAMILIES if Path("/proc/net/if_inet6").exists() else ("ipv4",)


def check_backend() -> None:
    """Makes sure that Docker, UFW and python-iptables work on the same tables.

    The kernel has two sets of tables, legacy and nf_tables, and a packet must pass both. python-iptables knows the
    legacy ones only; a DOCKER-USER that it writes there, while Docker's rules are in the other, is never asked.

    Raises:
        ConfigError: with what to do, one line for each thing that stands in the way.
    """
    problems = []
    for family in families():
        program = PROGRAMS[family]
        if shutil.which(f"{program}-legacy-save", path=SEARCH_PATH) is None:
            raise ConfigError([f"no {program}-legacy-save here: apt-get install iptables"])
        if "(legacy)" not in _said_by(program, "--version"):
            problems.append(
                f"{program} is the nf_tables one here, so Docker's rules are where python-iptables can't write. Pin it:"
                f" update-alternatives --set {program} /usr/sbin/{program}-legacy, then restart the machine"
            )
        if shutil.which(f"{program}-nft-save", path=SEARCH_PATH) is None:
            continue
        elsewhere = Ruleset(_said_by(f"{program}-nft-save"))
        if not elsewhere.is_empty:
            whose = "Docker's rules" if elsewhere.chain("filter", "DOCKER") else "rules"
            problems.append(
                f"{whose} stand in the nf_tables backend of {program} ({program}-nft-save shows them), where legacy"
                " rules don't reach: stop what wrote them, restart the machine"
            )
    if shutil.which("nft", path=SEARCH_PATH) and "docker-bridges" in _said_by("nft", "list", "tables"):
        problems.append(
            "Docker filters with nftables here and never asks DOCKER-USER: take firewall-backend out of"
            " /etc/docker/daemon.json"
        )
    if problems:
        raise ConfigError(problems)


def read_rules(family: Family) -> Ruleset:
    """The tables `filter` and `raw` as they are now.

    Raises:
        VoicebotError: the kernel has no such tables.
    """
    program = f"{PROGRAMS[family]}-legacy-save"
    return Ruleset("\n".join(_said_by(program, "-t", table) for table in ("filter", "raw")))


def write_rules(family: Family, steps: list[Step], *, commit: bool = True) -> None:
    """Has the steps taken by a process of their own.

    Args:
        commit: false only tries whether python-iptables can make them: the kernel keeps what it has.

    Raises:
        TryAgainError: the table had changed meanwhile.
        VoicebotError: it failed, with what the process said.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "app.firewall.writer", family, *([] if commit else [REHEARSAL])],
        input=json.dumps([step.as_dict() for step in steps]),
        capture_output=True,
        text=True,
        check=False,
        timeout=PROGRAM_TIMEOUT_S,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PATH": SEARCH_PATH},
    )
    if done.returncode == TRY_AGAIN:
        raise TryAgainError("the tables are being changed by another program all the time; try again")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise VoicebotError(f"python-iptables could not write the {family} rules: {last}")


def lock() -> AbstractContextManager[int]:
    """Keeps other programs of iptables waiting, Docker's and UFW's included, as they keep each other.

    On entry a VoicebotError, if one of them did not give it back within 30 s.
    """
    return locked(LOCK, LOCK_WAIT_S, lambda: VoicebotError(f"another program holds {LOCK}: fuser -v {LOCK} names it"))


def ufw_rules(family: Family) -> int:
    """How many rules of its users UFW would write; none where it was never used."""
    file = UFW / ("user.rules" if family == "ipv4" else "user6.rules")
    if not file.exists():
        return 0
    return sum(line.startswith("-A ufw") and "-user-input " in line for line in file.read_text().splitlines())


def ufw_is_enabled() -> bool:
    """Whether somebody has switched UFW on, whatever stands in the kernel."""
    file = UFW / "ufw.conf"
    return file.exists() and "ENABLED=yes" in file.read_text().splitlines()


def refill_ufw() -> None:
    """Has UFW fill its chains anew, and leads to them where nothing does any more.

    By what its own service calls: `ufw reload` demands that its settings be writable, which the unit's sandbox forbids.
    Reloading in any way lets everything in for half a second, for UFW sets its policies to ACCEPT first; so it is only
    started. It does so where a chain of its rules is missing.

    Raises:
        VoicebotError: it failed; with what was said.
    """
    now = read_rules("ipv4")
    for chain in ("ufw-before-input", "ufw-user-input"):
        if now.chain("filter", chain) is not None:
            _said_by(PROGRAMS["ipv4"], "-w", "-F", chain)
    if now.chain("filter", "ufw-user-input") is not None:
        _said_by(PROGRAMS["ipv4"], "-w", "-X", "ufw-user-input")
    _said_by("/usr/lib/ufw/ufw-init", "start")
    for family in families():
        now = read_rules(family)
        for chain in ("INPUT", "OUTPUT", "FORWARD"):
            there = {target_of(rule) for rule in now.rules("filter", chain)}
            for part in UFW_PARTS:
                target = f"{UFW_PREFIXES[family]}-{part}-{chain.lower()}"
                if target not in there:
                    _said_by(PROGRAMS[family], "-w", "-A", chain, "-j", target)


def interfaces_of_default_routes() -> set[str]:
    """Where packets leave for the world, IPv4 and IPv6."""
    lines = [line.split() for line in Path("/proc/net/route").read_text().splitlines()]
    found = {words[0] for words in lines if words[1] == words[7] == "00000000"}
    if (ipv6 := Path("/proc/net/ipv6_route")).exists():
        lines = [line.split() for line in ipv6.read_text().splitlines()]
        found |= {words[-1] for words in lines if words[0] == "0" * 32 and words[1] == "00"}
    return found - {"lo"}


def _said_by(*words: str) -> str:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PROGRAM_TIMEOUT_S,
            env={**os.environ, "PATH": SEARCH_PATH, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise ConfigError([f"no {words[0]} here: apt-get install iptables"]) from None
    except subprocess.TimeoutExpired:
        raise VoicebotError(f"{' '.join(words)}: no answer within {PROGRAM_TIMEOUT_S:.0f} s") from None
    if done.returncode != 0:
        raise VoicebotError(f"{' '.join(words)}: {' '.join(done.stderr.split())[-300:]}")
    return done.stdout
