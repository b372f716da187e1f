"""A file that a role of the playbook writes and a command of ours reads: YAML, a mapping."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.errors import ConfigError


@dataclass(frozen=True)
class RoleFile:
    """What messages about such a file say.

    Attributes:
        role: writes it.
        option: of the command, with which another file can be named.
        keys: what stands in it, as somebody would write it.
        page: of the documentation.
    """

    role: str
    option: str
    keys: str
    page: str

    def text(self, file: Path) -> str:
        """What stands in it.

        Raises:
            ConfigError: it is not there, or can't be read.
        """
        try:
            return file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ConfigError(
                [f"no file {file}: the role `{self.role}` writes it; {self.option} names another ({self.page})"]
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([f"{file} can't be read: {error}"]) from None

    def mapping(self, text: str, where: str) -> dict[Any, Any]:
        """The keys of such a text and their values, not looked at; `where` is what messages call it.

        Raises:
            ConfigError: it is no mapping.
        """
        try:
            read = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError([f"{where} is no YAML: {' '.join(str(error).split())}"]) from None
        if not isinstance(read, dict):
            raise ConfigError([f"{where}: write {self.keys} ({self.page})"])
        return read
