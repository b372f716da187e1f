"""Container images from Debian's packages, where there is no registry: what `docker load` takes, made once and kept.

    voicebot-lab/postgres:17     a real PostgreSQL of Debian 13, whose entry point keeps the common image's promises
    voicebot-lab/prometheus:2    a real Prometheus of Debian 13
    voicebot-lab/alertmanager:0  a real Alertmanager of Debian 13
    voicebot-lab/grafana:0       a listener: Debian has no package
    voicebot-lab/pgadmin:0       a listener, likewise

One archive holds all five; they share their lowest layer. The label `voicebot.stand-in` says what each of them is.
"""

import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import VoicebotError
from app.locked_file import locked
from tests.lab.appliance.bare_root import BARE, appliance_cache
from tests.lab.debian_root import KEYRING, debian_mirror

SOURCES = Path(__file__).parent / "images"
BASE = ("ca-certificates", "gzip", "python3", "wget")
"""Health checks call wget."""
BUILD_TIMEOUT_S = 1200.0
KEPT_S = 7 * 86400.0
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "var/log", "usr/share/doc", "usr/share/man", "usr/share/locale")
WHITEOUT = ".wh."
"""Docker image specification 1.2: the file of this name and a removed one's takes it away from the layers below."""
OPAQUE = ".wh..wh..opq"
ARCHIVE = "stand-ins.tar"
LISTENER = "/usr/local/bin/listener.py"


@dataclass(frozen=True)
class Image:
    """One image.

    Attributes:
        tag: its name.
        stands_for: the label.
        packages: of Debian, above the base.
        prepare: shell commands, run in it after that.
        files: of `SOURCES`, by where they go.
        config: as in the image specification.
    """

    tag: str
    stands_for: str
    packages: tuple[str, ...] = ()
    prepare: str = "true"
    files: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


IMAGES = (
    Image(
        "voicebot-lab/postgres:17",
        "PostgreSQL of Debian",
        ("postgresql-17",),
        # The common image's user is 999.
        "pg_dropcluster 17 main; cd /usr/lib/postgresql/17/lib; rm -rf /usr/lib/*/libLLVM* llvmjit* bitcode; cd /;"
        "usermod --uid 999 postgres; groupmod --gid 999 postgres;"
        "rm -rf /var/lib/postgresql/* /etc/postgresql/*; install -d -o postgres -g postgres /docker-entrypoint-initdb.d"
        " /var/lib/postgresql /var/lib/postgresql/data /run/postgresql;"
        " chgrp postgres /etc/postgresql-common/* || true",
        {"postgres-entrypoint.sh": "/usr/local/bin/docker-entrypoint.sh"},
        {
            "Entrypoint": ["docker-entrypoint.sh"],
            "Cmd": ["postgres"],
            "StopSignal": "SIGINT",
            "ExposedPorts": {"5432/tcp": {}},
            "Volumes": {"/var/lib/postgresql/data": {}},
            "Env": [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin",
                "PGDATA=/var/lib/postgresql/data",
                "LANG=C.UTF-8",
            ],
        },
    ),
    Image(
        "voicebot-lab/prometheus:2",
        "Prometheus of Debian",
        ("prometheus",),
        "install -d -o nobody -g nogroup /prometheus",
        config={
            "Entrypoint": ["/usr/bin/prometheus"],
            "Cmd": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
            "User": "nobody",
            "WorkingDir": "/prometheus",
            "ExposedPorts": {"9090/tcp": {}},
            "Volumes": {"/prometheus": {}},
        },
    ),
    Image(
        "voicebot-lab/alertmanager:0",
        "Alertmanager of Debian",
        ("prometheus-alertmanager", "tzdata"),
        "ln -s prometheus-alertmanager /usr/bin/alertmanager; install -d -o nobody -g nogroup /alertmanager",
        config={
            "Entrypoint": ["/usr/bin/alertmanager"],
            "User": "nobody",
            "WorkingDir": "/alertmanager",
            "ExposedPorts": {"9093/tcp": {}},
            "Volumes": {"/alertmanager": {}},
        },
    ),
    Image(
        "voicebot-lab/grafana:0",
        "nothing but a listener on Grafana's port",
        config={"Entrypoint": ["python3", LISTENER, "Grafana", "3000"], "User": "472"},
    ),
    Image(
        "voicebot-lab/pgadmin:0",
        "nothing but a listener on pgAdmin's port",
        config={"Entrypoint": ["python3", LISTENER, "pgAdmin", "80"], "User": "5050"},
    ),
)


def archive_of_images() -> Path:
    """The archive; made when it is not there yet, which takes two or three minutes.

    Raises:
        ConfigError: apt knows no Debian archive.
        VoicebotError: a package would not be installed; with the last lines.
    """
    cache = appliance_cache() / "images"
    cache.mkdir(parents=True, exist_ok=True)
    contents = [
        Path(__file__).read_bytes(),
        *(file.read_bytes() for file in sorted(SOURCES.iterdir()) if file.is_file()),
    ]
    archive = cache / hashlib.sha256(b"".join(contents)).hexdigest()[:8] / ARCHIVE
    lock = cache.parent / "images.lock"
    with locked(lock, 2 * BUILD_TIMEOUT_S, lambda: VoicebotError(f"{lock}: another run still builds the images")):
        if archive.exists():
            return archive
        for left in cache.glob("*"):
            # Of a build that was killed, or of an older recipe: not of another checkout, whose hosts use it.
            if left.name.startswith("building-") or left.stat().st_mtime < time.time() - KEPT_S:
                shutil.rmtree(left)
        print(f"building stand-in images below {cache}, once", flush=True)
        building = tempfile.mkdtemp(prefix="building-", dir=cache)
        try:
            # Mounts of its own: overlays and what packages' scripts mount go with the process.
            words = ["unshare", "--mount", sys.executable, "-m", __name__, building]
            done = subprocess.run(
                words,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                timeout=BUILD_TIMEOUT_S,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            )
            if done.returncode != 0:
                raise VoicebotError(f"stand-in images: {' / '.join(done.stdout.splitlines()[-8:])}")
            archive.parent.mkdir()
            Path(building, ARCHIVE).rename(archive)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return archive


def build(directory: Path) -> None:
    """Builds it in a mount namespace of its own."""
    base = directory / "base"
    words = ["debootstrap", "--variant=minbase", f"--include={','.join(BASE)}"]
    words += [f"--keyring={KEYRING}"] if KEYRING.exists() else []
    subprocess.run([*words, BARE.suite, str(base), debian_mirror()], check=True)
    base.chmod(0o755)
    shutil.copy(SOURCES / "listener.py", base / LISTENER.lstrip("/"))
    (base / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # no service is started in an image
    (base / "usr/sbin/policy-rc.d").chmod(0o755)
    lowest = layer(base, directory / "base.tar")
    manifest: list[dict[str, Any]] = []
    with tarfile.open(directory / ARCHIVE, "w") as archive:
        archive.add(lowest.file, lowest.name)
        for image in IMAGES:
            layers = [lowest]
            if image.packages:
                layers.append(above(base, image, directory))
                archive.add(layers[-1].file, layers[-1].name)
            config = json.dumps(image_config(image, layers)).encode()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            add_bytes(archive, name, config)
            manifest.append({"Config": name, "RepoTags": [image.tag], "Layers": [one.name for one in layers]})
        add_bytes(archive, "manifest.json", json.dumps(manifest).encode())


def image_config(image: Image, layers: "list[Layer]") -> dict[str, Any]:
    """The image's description, by Docker's image specification 1.2."""
    labels = {"Labels": {"voicebot.stand-in": image.stands_for}}
    return {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
        "os": "linux",
        "created": "2025-01-01T00:00:00Z",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            **image.config,
            **labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one.digest}" for one in layers]},
    }


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        file: its tar.
        digest: SHA-256 of that.
    """

    file: Path
    digest: str

    @property
    def name(self) -> str:
        """In the archive."""
        return f"{self.digest}.tar"


def above(base: Path, image: Image, directory: Path) -> Layer:
    """Installs an image's packages over the base; what that has changed."""
    name = image.tag.rpartition("/")[2].partition(":")[0]
    upper, work, merged = (directory / f"{name}-{part}" for part in ("upper", "work", "merged"))
    for made in (upper, work, merged):
        made.mkdir()
    subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={base},upperdir={upper},workdir={work}", str(merged)],
        check=True,
    )
    shutil.copy("/etc/resolv.conf", merged / "etc/resolv.conf")
    install = f"apt-get update -qq && apt-get install -qq -y --no-install-recommends {' '.join(image.packages)}"
    subprocess.run(["mount", "-t", "proc", "proc", str(merged / "proc")], check=True)
    subprocess.run(["chroot", str(merged), "sh", "-ec", f"{install}; {image.prepare}"], check=True)
    subprocess.run(["umount", str(merged / "proc")], check=True)
    for source, target in image.files.items():
        shutil.copy(SOURCES / source, merged / target.lstrip("/"))
        (merged / target.lstrip("/")).chmod(0o755)
    subprocess.run(["umount", str(merged)], check=True)
    translate_whiteouts(upper)
    return layer(upper, directory / f"{name}.tar")


def translate_whiteouts(upper: Path) -> None:
    """Makes of overlayfs's marks those of the image specification."""
    for place, folders, files in os.walk(upper):
        for name in [*files, *folders]:
            path = Path(place, name)
            status = path.lstat()
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
                path.unlink()
                path.with_name(WHITEOUT + name).touch()
            elif stat.S_ISDIR(status.st_mode) and "trusted.overlay.opaque" in os.listxattr(path, follow_symlinks=False):
                (path / OPAQUE).touch()


def layer(root: Path, file: Path) -> Layer:
    """Packs a folder."""
    left_out = [f"--exclude=./{path}/*" for path in LEFT_OUT]
    # resolv.conf is this machine's; a container gets its own.
    words = ["tar", "--numeric-owner", "--sort=name", *left_out, "--exclude=./etc/resolv.conf", "--exclude=./dev/*"]
    subprocess.run([*words, "-C", str(root), "-cf", str(file), "."], check=True)
    with file.open("rb") as packed:
        return Layer(file, hashlib.file_digest(packed, "sha256").hexdigest())


def add_bytes(archive: tarfile.TarFile, name: str, contents: bytes) -> None:
    """Adds a small file to an archive."""
    entry = tarfile.TarInfo(name)
    entry.size = len(contents)
    archive.addfile(entry, io.BytesIO(contents))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
