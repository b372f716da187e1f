"""Every error this product raises on purpose.

VoicebotError
├── ConfigError                  the settings can't work; exit code 2
├── PeerError                    the Asterisk side broke the protocol or the rules
├── ProviderError                a cloud or local provider failed
│   ├── ProviderTimeoutError     no answer within our own deadline
│   ├── ProviderQuotaError       rate, concurrency or payment limit
│   ├── ProviderAuthError        key refused
│   ├── ProviderProtocolError    an answer that makes no sense
│   └── ProviderNetworkError     refused, reset, cut
├── MediaError                   sound that can't be read, converted or played
├── StoreError                   the database can't take or give it now
└── BackupError                  a backup can't be made, read or restored
"""

from typing import ClassVar


class VoicebotError(Exception):
    """Base of all. The message is one line that says what to do."""


class ConfigError(VoicebotError):
    """Settings that can't work.

    Attributes:
        problems: one line for each setting that is wrong, all of them at once.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class PeerError(VoicebotError):
    """The peer (the Asterisk) did something that ends its connection.

    Attributes:
        reason: short label, as used by the metric `voicebot_refused_calls_total{reason}`.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else reason)


class ProviderError(VoicebotError):
    """A provider failed.

    Attributes:
        provider: "deepgram", "groq", "elevenlabs", "espeak", …
        kind: label of the metric `voicebot_errors_total{provider,kind}`.
        retryable: whether the same request may work on another try.
    """

    kind: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, provider: str, detail: str) -> None:
        self.provider = provider
        self.detail = detail
        super().__init__(f"{provider}: {detail}")


class ProviderTimeoutError(ProviderError):
    """No answer within our own deadline."""

    kind = "timeout"
    retryable = True


class ProviderQuotaError(ProviderError):
    """A rate, concurrency or payment limit."""

    kind = "quota"


class ProviderAuthError(ProviderError):
    """The key was refused."""

    kind = "auth"


class ProviderProtocolError(ProviderError):
    """An answer that makes no sense."""

    kind = "protocol"


class ProviderNetworkError(ProviderError):
    """Refused, reset or cut."""

    kind = "network"
    retryable = True


class MediaError(VoicebotError):
    """Sound that can't be read, converted or played."""


class StoreError(VoicebotError):
    """The database can't take or give it now."""


class BackupError(VoicebotError):
    """A backup can't be made, read or restored."""
