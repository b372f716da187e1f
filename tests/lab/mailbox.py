"""A mail server that keeps what it is sent: it wants TLS and a password, as one on the Internet does."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

SMTPS_PORT = 465
"""RFC 8314, 3.3: TLS from the first byte."""
USERNAME, PASSWORD = "voicebot", "a-password-of-the-laboratory"


@dataclass(slots=True)
class Mailbox:
    """What came.

    Attributes:
        port: on 127.0.0.1.
        mails: with the addresses that they were for, the oldest first.
    """

    port: int = 0
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Takes a mail."""
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 kept"

    async def wait_for(self, recipient: str, subject: str, timeout_s: float = 60.0) -> EmailMessage:
        """Waits for a mail to somebody with these words in its subject; it may have come already.

        Raises:
            TimeoutError: it did not come.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                for recipients, mail in self.mails:
                    if recipient in recipients and subject in mail["Subject"]:
                        return mail
                await asyncio.sleep(0.1)


@asynccontextmanager
async def mailbox(certificate: Path, key: Path, *, port: int = 0) -> AsyncIterator[Mailbox]:
    """Runs one on 127.0.0.1: with STARTTLS, or on port 465 with TLS from the first byte."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    box, at_once = Mailbox(), port == SMTPS_PORT

    def knows(_server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USERNAME.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=right, handled=False)

    def session() -> SMTP:
        return SMTP(
            box,
            tls_context=None if at_once else context,
            require_starttls=not at_once,
            authenticator=knows,
            # For it only STARTTLS is TLS.
            auth_required=not at_once,
            auth_require_tls=not at_once,
            # Its LOGIN asks for a "User Name", which Alertmanager does not know.
            auth_exclude_mechanism=["LOGIN"],
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", port, ssl=context if at_once else None
    )
    try:
        box.port = server.sockets[0].getsockname()[1]
        yield box
    finally:
        server.close()


def text_of(mail: EmailMessage, kind: str) -> str:
    """The part of a mail, "plain" or "html", decoded."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())
