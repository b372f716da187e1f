"""The operator's page of a server under load: Prometheus' text format, read as sums and maxima."""

from collections import defaultdict

import httpx
from prometheus_client.parser import text_string_to_metric_families

from app.errors import PeerError

TIMEOUT_S = 5.0


class MetricsPage:
    """One address that is read again and again, over one connection.

    Args:
        url: such as http://127.0.0.1:9091/metrics.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)

    async def read(self) -> "Sample":
        """All series now.

        Raises:
            PeerError: nobody answers there, or not with metrics.
        """
        try:
            answer = await self._http.get(self.url)
            answer.raise_for_status()
            sums: defaultdict[str, float] = defaultdict(float)
            largest: dict[str, float] = {}
            for family in text_string_to_metric_families(answer.text):
                for sample in family.samples:
                    sums[sample.name] += sample.value
                    largest[sample.name] = max(sample.value, largest.get(sample.name, sample.value))
        except (httpx.HTTPError, ValueError) as error:
            raise PeerError("metrics", f"{self.url}: {error or type(error).__name__}") from None
        return Sample(dict(sums), largest)

    async def close(self) -> None:
        """Closes the connection."""
        await self._http.aclose()


class Sample:
    """The page at one moment.

    Args:
        sums: by name, all labels (reasons, workers) added up.
        largest: by name, the largest of them.
    """

    def __init__(self, sums: dict[str, float], largest: dict[str, float]) -> None:
        self._sums = sums
        self._largest = largest

    def total(self, name: str) -> float | None:
        """The sum over all labels; None where there is no such series."""
        return self._sums.get(name)

    def largest(self, name: str) -> float | None:
        """The largest over all labels; None where there is no such series."""
        return self._largest.get(name)
