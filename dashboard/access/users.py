"""Who may log in: a file of lines `name:role:argon2 hash`, and the command that writes it.

python -m dashboard.access.users FILE add anne supervisor     asks for the password
python -m dashboard.access.users FILE remove anne
python -m dashboard.access.users FILE ensure anne supervisor  the same as add, says "changed" and writes only if need be
python -m dashboard.access.users FILE ensure-absent anne
python -m dashboard.access.users FILE list
"""

import getpass
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import ConfigError

Role = Literal["reader", "supervisor"]
NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
PASSWORD_MIN_CHARACTERS = 12
PASSWORD_MAX_CHARACTERS = 256
"""Beyond that hashing is work for nothing."""
HASHER = PasswordHasher()
"""argon2id with RFC 9106's second recommended parameters, argon2-cffi's default."""
NOBODY = HASHER.hash("nobody has this password")
"""Compared with for names that are not there, so that time does not tell which are."""


@dataclass(frozen=True, slots=True)
class User:
    """One who may log in."""

    name: str
    role: Role

    @property
    def may_change(self) -> bool:
        """Tickets may be closed, handed on and commented."""
        return self.role == "supervisor"


class Users:
    """The file, read anew whenever it changed: who was removed is out at the next request.

    Args:
        file: need not exist yet; then nobody may log in.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._users: dict[str, tuple[User, str]] = {}

    def find(self, name: str) -> User | None:
        """The user of that name."""
        self._refresh()
        found = self._users.get(name)
        return found[0] if found else None

    def check(self, name: str, password: str) -> User | None:
        """The user, if that is the password. Takes some 50 ms, whether the name is there or not."""
        self._refresh()
        user, wanted = self._users.get(name, (None, NOBODY))
        try:
            HASHER.verify(wanted, password[:PASSWORD_MAX_CHARACTERS])
        except (VerificationError, InvalidHashError):
            return None
        return user

    def fingerprint(self, name: str) -> str:
        """Changes with the user's password or role: sessions of the old one end."""
        self._refresh()
        found = self._users.get(name)
        return f"{found[0].role}:{found[1]}" if found else ""

    def all(self) -> list[User]:
        """Everybody, by name."""
        self._refresh()
        return [self._users[name][0] for name in sorted(self._users)]

    @property
    def empty(self) -> bool:
        """Nobody may log in yet."""
        self._refresh()
        return not self._users

    def _refresh(self) -> None:
        try:
            status = self._file.stat()
        except OSError:
            self._stamp, self._users = None, {}
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._users = read_users(self._file)
            self._stamp = stamp


def read_users(file: Path) -> dict[str, tuple[User, str]]:
    """All users of a file with their hashes; lines that are none are left out: one typo locks nobody else out."""
    users: dict[str, tuple[User, str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _, rest = line.strip().partition(":")
        role, _, hashed = rest.partition(":")
        if NAME.fullmatch(name) and role in get_args(Role) and hashed.startswith("$argon2"):
            users[name] = (User(name, "supervisor" if role == "supervisor" else "reader"), hashed)
    return users


def write_user(file: Path, name: str, role: str, password: str) -> None:
    """Adds a user, or gives one another role and password.

    Raises:
        ConfigError: with what is wrong.
    """
    problems = []
    if not NAME.fullmatch(name):
        problems.append(f"{name!r} is no name: letters, digits, and . _ @ - only")
    if role not in get_args(Role):
        problems.append(f"{role!r} is no role; choose reader or supervisor")
    if len(password) < PASSWORD_MIN_CHARACTERS:
        problems.append(f"the password is too short: {PASSWORD_MIN_CHARACTERS} characters at least")
    if len(password) > PASSWORD_MAX_CHARACTERS:
        problems.append(f"the password is too long: {PASSWORD_MAX_CHARACTERS} characters at most")
    if problems:
        raise ConfigError(problems)
    lines = _lines_without(file, name)
    _write(file, [*lines, f"{name}:{role}:{HASHER.hash(password)}"])


def ensure_user(file: Path, name: str, role: str, password: str) -> bool:
    """The same as `write_user`, unless there is that user already, with that role and that password.

    Returns:
        Whether something was written: a new hash, even of the same password, would end the user's sessions.

    Raises:
        ConfigError: with what is wrong.
    """
    user = Users(file).check(name, password)
    if user is not None and user.role == role:
        return False
    write_user(file, name, role, password)
    return True


def remove_user(file: Path, name: str) -> None:
    """Takes a user out; sessions end at once.

    Raises:
        ConfigError: there is none of that name.
    """
    if not file.is_file() or name not in read_users(file):
        raise ConfigError([f"no user {name!r} in {file}"])
    _write(file, _lines_without(file, name))


def _lines_without(file: Path, name: str) -> list[str]:
    if not file.is_file():
        return []
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.partition(":")[0] != name]


def _write(file: Path, lines: list[str]) -> None:
    """In one step, readable as before: whoever reads it meanwhile reads a whole file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.stat() if file.is_file() else None
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        out.write("".join(f"{line}\n" for line in lines))
    if before is not None:
        os.chmod(fresh, before.st_mode & 0o777)
        os.chown(fresh, before.st_uid, before.st_gid)
    os.replace(fresh, file)


def _password() -> str:
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def main(words: list[str]) -> int:
    """The command; the password comes from the terminal, or from the first line of standard input."""
    try:
        match words:
            case [file, "add", name, role]:
                write_user(Path(file), name, role, _password())
            case [file, "remove", name]:
                remove_user(Path(file), name)
            case [file, "ensure", name, role]:
                if ensure_user(Path(file), name, role, _password()):
                    print(f"changed: {name}")
            case [file, "ensure-absent", name]:
                if Path(file).is_file() and name in read_users(Path(file)):
                    remove_user(Path(file), name)
                    print(f"changed: {name}")
            case [file, "list"]:
                for user, _ in read_users(Path(file)).values() if Path(file).is_file() else ():
                    print(f"{user.name}\t{user.role}")
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ConfigError as error:
        for problem in error.problems:
            print(f"dashboard: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
