"""Configuration without its secrets: what a person would look up after a loss. Ansible writes it anew.

Secrets are in files of their own in folders named `credentials` and `secrets`, which are left out whole. A setting may
hold one all the same; its value is left out then, by its name, and a password in an address.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

LEFT_OUT = "(left out of the backup)"
SECRET_FOLDERS = {"credentials", "secrets"}
FILE_MAX_BYTES = 1 << 20
"""A configuration file that is larger is none."""

SECRET_SETTING = re.compile(
    r"""(?P<head> ["']? (?<![\w.-]) [\w.-]* (?:api_?key|password|passwd|secret|token) ["']? [ \t]* [:=] [ \t]* )
        \S.* $""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
"""A name that ends so; `…_FILE` only says where a secret is."""
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
ADDRESS_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """The text of a configuration file without what must not lie in clear."""
    for secret in (SECRET_SETTING, ADDRESS_PASSWORD):
        text = secret.sub(rf"\g<head>{LEFT_OUT}", text)
    return PRIVATE_KEY.sub(LEFT_OUT, text)


def configuration_files(places: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """(path, content to keep) of every text file in these files and folders; what is not there is left out."""
    seen: set[Path] = set()
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path in seen or path.is_symlink() or not path.is_file() or SECRET_FOLDERS & set(path.parts):
                continue
            seen.add(path)
            if path.stat().st_size > FILE_MAX_BYTES:
                continue
            try:
                text = path.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                continue
            yield path, without_secrets(text).encode()
