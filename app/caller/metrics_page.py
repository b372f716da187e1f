"""The operator's page of a server under load: Prometheus' text format, read as sums and maxima."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

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

    async def fetch(self) -> str:
        """The page as text; reading it can wait.

        Raises:
            PeerError: nobody answers there.
        """
        try:
            answer = await self._http.get(self.url)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise PeerError("metrics", f"{self.url}: {error or type(error).__name__}") from None
        return answer.text

    async def read(self) -> "Sample":
        """All series now.

        Raises:
            PeerError: nobody answers there, or not with metrics.
        """
        text = await self.fetch()
        try:
            return sample_of(text)
        except ValueError as error:
            raise PeerError("metrics", f"{self.url}: {error}") from None

    async def close(self) -> None:
        """Closes the connection."""
        await self._http.aclose()


@dataclass(frozen=True, slots=True)
class Sample:
    """The page at one moment.

    Attributes:
        sums: by name, all labels (reasons, workers) added up.
        maxima: by name, the largest of them.
        buckets: of histograms, by name of the series and upper bound.
    """

    sums: Mapping[str, float]
    maxima: Mapping[str, float]
    buckets: Mapping[tuple[str, str], float]

    def total(self, name: str) -> float | None:
        """The sum over all labels; None where there is no such series."""
        return self.sums.get(name)

    def largest(self, name: str) -> float | None:
        """The largest over all labels; None where there is no such series."""
        return self.maxima.get(name)

    def bucket(self, name: str, up_to: str) -> float:
        """Observations of a histogram up to a bound that it has; 0.0 without it."""
        return self.buckets.get((f"{name}_bucket", up_to), 0.0)


def sample_of(text: str) -> Sample:
    """Reads Prometheus' text format; some milliseconds, in which nothing else runs.

    Raises:
        ValueError: it is something else.
    """
    sums: defaultdict[str, float] = defaultdict(float)
    maxima: dict[str, float] = {}
    buckets: defaultdict[tuple[str, str], float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] += sample.value
            maxima[sample.name] = max(sample.value, maxima.get(sample.name, sample.value))
            if sample.name.endswith("_bucket"):
                buckets[sample.name, sample.labels["le"]] += sample.value
    return Sample(dict(sums), maxima, dict(buckets))
