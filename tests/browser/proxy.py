"""nginx as the role `dashboard` sets it up, from the role's own template, with a certificate that it makes."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader

from tests.browser.house import Dashboard, free_port

TEMPLATES = Path("ansible/roles/dashboard/templates")
MAIN = """
daemon off;
user root;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/site.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running nginx.

    Attributes:
        port: with TLS.
        directory: of its files; `proxy/` is where it would keep answers on disk.
    """

    port: int
    directory: Path

    @property
    def url(self) -> str:
        """Where a browser goes."""
        return f"https://127.0.0.1:{self.port}"


@contextmanager
def proxy(house: Dashboard, directory: Path) -> Iterator[Proxy]:
    """Puts nginx in front of a dashboard; ends it by its own process id."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    port = free_port()
    certificate, key = directory / "self.crt", directory / "self.key"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    make += ["-subj", "/CN=voicebot-dashboard", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    subprocess.run([*make, "-out", str(certificate)], check=True, capture_output=True)
    site = Environment(loader=FileSystemLoader(TEMPLATES), keep_trailing_newline=True).get_template("nginx.conf.j2")
    written = site.render(
        ansible_managed="A test",
        dashboard_port=port,
        dashboard_inner_port=house.port,
        dashboard_ipv6=SimpleNamespace(stat=SimpleNamespace(exists=False)),
        dashboard_tls_certificate=certificate,
        dashboard_tls_key=key,
        dashboard_certificate="",
    )
    shutil.copy(TEMPLATES / "away.html.j2", directory / "away.html")
    # Where the role puts the page is not a test's to write.
    (directory / "site.conf").write_text(written.replace("/usr/local/share/voicebot-dashboard", str(directory)))
    (directory / "nginx.conf").write_text(MAIN.format(directory=directory))
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", str(directory), "-c", str(directory / "nginx.conf")])
    try:
        end_s = time.monotonic() + 10
        while not (directory / "nginx.pid").exists():
            assert process.poll() is None, (directory / "error.log").read_text()
            assert time.monotonic() < end_s, "nginx does not start"
            time.sleep(0.02)
        yield Proxy(port, directory)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
