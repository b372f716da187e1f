"""Packs the server's source from a checkout, on the machine on which Ansible runs.

    pack.py CHECKOUT DIRECTORY PATH…

Writes DIRECTORY/voicebot-RELEASE.tar.gz and prints RELEASE: the version in pyproject.toml and a hash of all names and
bytes in the archive, so that the same source is the same release wherever and whenever it is packed. In a git checkout
only tracked files go in, as they are in the work tree; elsewhere (an unpacked release) all but what builds and editors
leave behind.
"""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

LEFT_BEHIND = re.compile(
    r"(^|/)(__pycache__|build|[^/]*\.egg-info|\.[^/]*)(/|$)|\.(so|pyc|orig|swp)$|~$|^ext/[^/]*\.c$"
)
HASH_LENGTH = 8


def tracked(checkout: Path, paths: list[str]) -> list[str] | None:
    """Files that git knows of, or None where this is no checkout of its own.

    Raises:
        SystemExit: it is one, and git can't be asked.
    """
    if not (checkout / ".git").exists():
        return None
    # Whoever runs Ansible may not be who owns the checkout.
    words = ["git", "-c", f"safe.directory={checkout}", "-C", str(checkout), "ls-files", "-z", "--", *paths]
    try:
        done = subprocess.run(words, capture_output=True, check=False)
    except FileNotFoundError:
        raise SystemExit(f"{checkout} is a git checkout, and there is no git: apt-get install git") from None
    if done.returncode != 0:
        raise SystemExit(f"git can't list the files of {checkout}: {done.stderr.decode(errors='replace').strip()}")
    return [name for name in done.stdout.decode().split("\0") if name]


def found(checkout: Path, paths: list[str]) -> list[str]:
    """All files below the paths but what was left behind."""
    files = [
        file
        for path in paths
        for file in ([checkout / path] if (checkout / path).is_file() else (checkout / path).rglob("*"))
        if file.is_file()
    ]
    names = (file.relative_to(checkout).as_posix() for file in files)
    return [name for name in names if not LEFT_BEHIND.search(name)]


def contents(checkout: Path, paths: list[str]) -> dict[str, bytes]:
    """Name and bytes of each file, in order.

    Raises:
        SystemExit: a path is missing.
    """
    if missing := [path for path in paths if not (checkout / path).exists()]:
        raise SystemExit(f"{checkout} is no source of the voicebot: {', '.join(missing)} is missing")
    names = tracked(checkout, paths)
    if names is None:
        names = found(checkout, paths)
    # Deleted in the work tree, but still tracked: it is not there.
    return {name: (checkout / name).read_bytes() for name in sorted(set(names)) if (checkout / name).is_file()}


def release_of(files: dict[str, bytes]) -> str:
    """Version and hash.

    Raises:
        SystemExit: pyproject.toml names no version.
    """
    version = re.search(rb'^version = "([0-9A-Za-z.+]+)"$', files.get("pyproject.toml", b""), re.MULTILINE)
    if version is None:
        raise SystemExit("pyproject.toml names no version, or is not tracked by git")
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{len(name.encode())} {len(data)} {name}".encode() + data)
    return f"{version[1].decode()}-{digest.hexdigest()[:HASH_LENGTH]}"


def archive(files: dict[str, bytes]) -> bytes:
    """A tar of them that says nothing of when and by whom it was made."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(data))
    return raw.getvalue()


def main() -> None:
    """Packs, and prints the release."""
    checkout, directory, paths = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3:]
    files = contents(checkout, paths)
    release = release_of(files)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = directory / f"voicebot-{release}.tar.gz"
    if not target.exists():
        fresh = directory / f".{release}.{os.getpid()}"
        fresh.write_bytes(archive(files))
        fresh.replace(target)
    print(release)


if __name__ == "__main__":
    main()
