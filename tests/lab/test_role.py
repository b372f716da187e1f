"""The role itself, run by Ansible against an Asterisk of the laboratory: what it refuses, writes and leaves alone."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.lab.laboratory import Laboratory

PLAYBOOK_TIMEOUT_S = 120
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")


class Host:
    """An Asterisk host as Ansible sees it: its files, and the program `asterisk` in its PATH."""

    def __init__(self, laboratory: Laboratory, directory: Path) -> None:
        self.asterisk = laboratory.asterisks[1]
        self._directory = directory
        self.says_it_is()

    def says_it_is(self, version: str = "") -> None:
        """Puts the program into the PATH: the real one, or one that says that it is another version."""
        program = self._directory / "asterisk"
        tree = self.asterisk.tree
        lie = f'[ "$1" = -V ] && echo "Asterisk {version}" && exit\n' if version else ""
        program.write_text(f'#!/bin/sh\n{lie}exec chroot {tree} /usr/sbin/asterisk "$@"\n')
        program.chmod(0o755)

    async def play(self, *words: str, **variables: object) -> tuple[int, str]:
        """Runs the role; exit code, and what Ansible said."""
        inventory = self._directory / "hosts"
        inventory.write_text("[asterisk]\nasterisk2 ansible_connection=local ansible_become=false\n")
        role = {
            **self.asterisk.variables,
            "asterisk_config_dir": str(self.asterisk.tree / "etc/asterisk"),
            "asterisk_group": "root",
            **variables,
        }
        process = await asyncio.create_subprocess_exec(
            *(str(ANSIBLE), "-i", str(inventory), "-e", json.dumps(role), *words, "ansible/asterisk.yml"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={
                "PATH": f"{self._directory}:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": str(self._directory),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_NOCOLOR": "1",
            },
        )
        async with asyncio.timeout(PLAYBOOK_TIMEOUT_S):
            said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode(errors="replace")


@pytest_asyncio.fixture(loop_scope="session")
async def host(laboratory: Laboratory, tmp_path: Path) -> AsyncIterator[Host]:
    """The second Asterisk, as its operator had it before the role came; as the laboratory has it afterwards."""
    asterisk = laboratory.asterisks[1]
    for name in ("extensions.conf", "manager.conf"):
        file = asterisk.tree / "etc/asterisk" / name
        file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "voicebot" not in line))
    for file in (asterisk.tree / "etc/asterisk").glob("*_voicebot.conf"):
        file.unlink()
    await reload(laboratory)
    yield Host(laboratory, tmp_path)
    asterisk.configure()
    await reload(laboratory)


async def reload(laboratory: Laboratory) -> None:
    for command in ("dialplan reload", "manager reload"):
        await laboratory.asterisks[1].cli(command)


async def test_it_announces_installs_and_then_changes_nothing(laboratory: Laboratory, host: Host) -> None:
    asterisk = host.asterisk
    code, said = await host.play("--check")
    assert code == 0, said
    assert not (asterisk.tree / "etc/asterisk/extensions_voicebot.conf").exists()
    code, said = await host.play()
    assert code == 0, said
    assert "VOICEBOT_UUID" in await asterisk.cli("dialplan show 777@telephones")
    user = await asterisk.cli("manager show user voicebot")
    assert "read perm: user" in user
    assert "write perm: call" in user
    code, said = await host.play()
    assert code == 0, said
    assert "changed=0 " in said
    assert asterisk.variables["asterisk_ami_secret"] not in said


@pytest.mark.parametrize(("bound_to", "warned"), [("198.51.100.12", False), ("127.0.0.1", True)])
async def test_the_managers_own_address_is_left_alone(
    laboratory: Laboratory, host: Host, bound_to: str, warned: bool
) -> None:
    """But it is said if the bot can't reach it there."""
    file = host.asterisk.tree / "etc/asterisk/manager.conf"
    file.write_text(f"[general]\nenabled = no\nbindaddr = {bound_to}\n")
    await reload(laboratory)
    code, said = await host.play()
    assert code == 0, said
    assert f"{bound_to}:5038" in await host.asterisk.cli("manager show settings")
    assert ("WARNING: the manager interface listens on this machine only" in said) is warned


async def test_it_takes_the_manager_user_away_again(host: Host) -> None:
    assert (await host.play())[0] == 0
    code, said = await host.play(asterisk_ami_enabled=False)
    assert code == 0, said
    assert "username" not in await host.asterisk.cli("manager show user voicebot")


@pytest.mark.parametrize("version", ["18.26.4", "20.13.9", "21.8.0", "22.3.0~dfsg", "certified-20.7-cert3"])
async def test_versions_that_lose_calls_are_refused(host: Host, version: str) -> None:
    host.says_it_is(version)
    code, said = await host.play()
    assert code == 2
    assert "is too old" in said
    assert not (host.asterisk.tree / "etc/asterisk/extensions_voicebot.conf").exists()


@pytest.mark.parametrize(
    ("version", "warned"), [("20.14.0", True), ("22.9.0", True), ("20.20.1", False), ("23.0.0", False)]
)
async def test_versions_with_known_defects_are_warned_of(host: Host, version: str, warned: bool) -> None:
    host.says_it_is(version)
    code, said = await host.play("--check")
    assert code == 0, said
    assert ("WARNING: Asterisk" in said) is warned


async def test_a_module_that_is_missing_is_named(host: Host) -> None:
    await host.asterisk.cli("module unload app_audiosocket.so")
    try:
        code, said = await host.play()
    finally:
        await host.asterisk.cli("module load app_audiosocket.so")
    assert code == 2
    assert "app_audiosocket.so is not loaded" in said


async def test_a_manager_user_for_everybody_is_refused(host: Host) -> None:
    code, said = await host.play(asterisk_ami_permit=[])
    assert code == 2
    assert "asterisk_ami_permit" in said
