"""What arrives at the other end of $NOTIFY_SOCKET."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.ops.systemd import EXTENSION_S, Systemd


@pytest.fixture
def manager(tmp_path: Path) -> Any:
    """The service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plug:
        plug.bind(str(tmp_path / "notify"))
        plug.settimeout(5.0)
        yield plug


def message(manager: socket.socket) -> dict[str, str]:
    return dict(line.split("=", 1) for line in manager.recv(4096).decode().split("\n"))


async def first_of(work: Coroutine[Any, Any, None], manager: socket.socket) -> dict[str, str]:
    """What is told first; then it is cancelled."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.to_thread(message, manager)
    finally:
        task.cancel()


def test_ready_comes_with_what_the_server_does(manager: socket.socket) -> None:
    Systemd(manager.getsockname()).ready("answering calls")
    assert message(manager) == {"READY": "1", "STATUS": "answering calls"}


def test_stopping(manager: socket.socket) -> None:
    Systemd(manager.getsockname()).stopping()
    assert message(manager) == {"STOPPING": "1"}


def test_an_abstract_address(tmp_path: Path) -> None:
    name = f"voicebot-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plug:
        plug.bind(f"\0{name}")
        plug.settimeout(5.0)
        Systemd(f"@{name}").stopping()
        assert message(plug) == {"STOPPING": "1"}


async def test_a_drain_asks_for_time_and_says_how_many_calls_are_left(manager: socket.socket) -> None:
    told = await first_of(Systemd(manager.getsockname()).draining(lambda: 7), manager)
    assert told == {"STATUS": "draining 7 calls", "EXTEND_TIMEOUT_USEC": str(int(EXTENSION_S * 1e6))}


async def test_signs_of_life_only_while_all_is_well(manager: socket.socket) -> None:
    asked = iter([False, False, True])
    told = await first_of(Systemd(manager.getsockname(), 0.02).stay_alive(lambda: next(asked, True)), manager)
    assert told == {"WATCHDOG": "1"}
    assert next(asked, None) is None, "it was not told before it was well"


async def test_nobody_who_waits_for_signs_of_life_gets_none(manager: socket.socket) -> None:
    await Systemd(manager.getsockname()).stay_alive(lambda: True)
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(1)


def test_the_environment_says_where_and_how_often_and_keeps_nothing_for_children(manager: socket.socket) -> None:
    environment = {
        "NOTIFY_SOCKET": manager.getsockname(),
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/bin",
    }
    systemd = Systemd.of(environment)
    assert environment == {"PATH": "/bin"}
    assert systemd.watchdog_s == 30.0
    systemd.stopping()
    assert message(manager) == {"STOPPING": "1"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": ""},
    ],
    ids=["not set", "meant for another process", "no number", "empty"],
)
def test_a_watchdog_that_is_not_ours(environment: dict[str, str]) -> None:
    assert Systemd.of(environment).watchdog_s == 0.0


@pytest.mark.parametrize("tell", [Systemd.stopping, lambda systemd: systemd.ready("x")], ids=["stopping", "ready"])
def test_where_nobody_listens_nothing_is_told(tell: Callable[[Systemd], None]) -> None:
    with capture_logs() as log:
        tell(Systemd())
    assert log == []


def test_a_manager_that_is_gone_is_said_once(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "gone"))
    with capture_logs() as log:
        systemd.stopping()
        systemd.stopping()
    assert [(entry["event"], entry["detail"]) for entry in log] == [("systemd not told", "No such file or directory")]
