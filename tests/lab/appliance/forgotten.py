"""What somebody left on the appliance and told no firewall of: a container, one for the host's own use, a program."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.appliance.doors import FORGOTTEN_CONTAINER, FORGOTTEN_SERVICE, LOOPBACK_CONTAINER
from tests.lab.appliance.host import Host

UNIT = f"""[Unit]
Description=A program that somebody forgot
[Service]
ExecStart=/usr/bin/python3 -m http.server {FORGOTTEN_SERVICE} --bind :: --directory /srv
DynamicUser=yes
[Install]
WantedBy=multi-user.target
"""
IMAGE = "voicebot-lab/grafana:0"
"""A listener, in the laboratory (`stand_in_images.py`)."""
PUBLISHED = (FORGOTTEN_CONTAINER, f"127.0.0.1:{LOOPBACK_CONTAINER}", f"[::1]:{LOOPBACK_CONTAINER}")


@contextmanager
def forgotten(host: Host) -> Iterator[None]:
    """They are there, and come back after a reboot; in the end they go.

    Raises:
        CommandFailed: one of them does not start.
    """
    unit = host.directory / "root/etc/systemd/system/forgotten.service"
    unit.write_text(UNIT)
    words = ["docker run --detach --name forgotten --restart unless-stopped --entrypoint python3"]
    words += [f"--publish {one}:8080" for one in PUBLISHED]
    words += [f"{IMAGE} /usr/local/bin/listener.py forgotten 8080"]
    try:
        host.run("systemctl daemon-reload && systemctl enable --now forgotten")
        host.run(" ".join(words))
        yield
    finally:
        host.run("docker rm --force forgotten; systemctl disable --now forgotten", check=False)
        unit.unlink()
        host.run("systemctl daemon-reload", check=False)
