"""A circuit breaker: a provider that keeps failing is left alone for a while, then tried once. Pure."""

FAILURES_TO_OPEN = 3
OPEN_S = 10.0


class Breaker:
    """Closed (used), open (left alone), half-open (one probe under way). All times in seconds of one clock."""

    def __init__(self, failures_to_open: int = FAILURES_TO_OPEN, open_s: float = OPEN_S) -> None:
        self._failures_to_open = failures_to_open
        self._open_s = open_s
        self._failures = 0
        self._opened_at_s: float | None = None
        self._probe_at_s: float | None = None

    @property
    def is_open(self) -> bool:
        """The provider is being left alone."""
        return self._opened_at_s is not None

    def allows(self, now_s: float) -> bool:
        """Whether the provider may be asked now; when open, True once per `open_s`: that request is the probe."""
        if self._opened_at_s is None:
            return True
        since_s = self._opened_at_s if self._probe_at_s is None else self._probe_at_s
        if now_s - since_s < self._open_s:
            return False
        self._probe_at_s = now_s
        return True

    def succeeded(self) -> None:
        """The provider answered."""
        self._failures = 0
        self._opened_at_s = self._probe_at_s = None

    def failed(self, now_s: float) -> None:
        """The provider failed."""
        self._failures += 1
        if self._failures >= self._failures_to_open:
            self._opened_at_s = now_s
            self._probe_at_s = None
