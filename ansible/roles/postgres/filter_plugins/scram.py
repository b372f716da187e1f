"""PostgreSQL's SCRAM-SHA-256 verifiers: what it keeps in place of a password (RFC 5803; its manual, "pg_authid").

Made and compared here, so that a run tells whether a password changed without logging in, and none is sent in clear.
"""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable

ITERATIONS = 4096
"""PostgreSQL's own `scram_iterations`."""
SALT_BYTES = 16
VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")


def scram_verifier(password: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """What `ALTER ROLE … PASSWORD` takes in place of an ASCII password; another salt each time if none is given."""
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)


def scram_is_of(verifier: str, password: str) -> bool:
    """Whether it is this password's; an older kind (md5) or none at all is not."""
    found = VERIFIER.fullmatch(verifier)
    if not found:
        return False
    again = scram_verifier(password, base64.b64decode(found[2]), int(found[1]))
    return hmac.compare_digest(again, verifier)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., str | bool]]:
        """The filters, by name."""
        return {"scram_verifier": scram_verifier, "scram_is_of": scram_is_of}
