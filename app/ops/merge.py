"""Metrics of several processes as one: what is added up, what is the worst of all, and what the dead had counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

Rule = Literal["sum", "max", "min"]
Labels = tuple[tuple[str, str], ...]
CREATED = "_created"


@dataclass(slots=True)
class Family:
    """One metric of one process, or of all.

    Attributes:
        name: without `_total`.
        help: one sentence.
        kind: `counter`, `gauge` or `histogram`.
        samples: values by name of the series and labels.
    """

    name: str
    help: str
    kind: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    @property
    def only_grows(self) -> bool:
        """It belongs to what a dead process leaves behind."""
        return self.kind != "gauge"


Snapshot = list[Family]


def snapshot(registry: CollectorRegistry) -> Snapshot:
    """All metrics of this process as they stand."""
    return [
        Family(
            metric.name,
            metric.documentation,
            metric.type,
            {(sample.name, tuple(sample.labels.items())): sample.value for sample in metric.samples},
        )
        for metric in registry.collect()
    ]


class Totals:
    """The metrics of a supervisor and its workers, those that died included.

    A worker that does not answer counts as it was last seen, so that no counter ever goes backwards.

    Args:
        rules: by name of a gauge, how those of several processes become one; `sum` for any other.
    """

    def __init__(self, rules: dict[str, Rule]) -> None:
        self._rules = rules
        self._seen: dict[int, Snapshot] = {}
        self._gone: Snapshot = []
        self._shown: dict[tuple[str, Labels], float] = {}

    def saw(self, number: int, metrics: Snapshot) -> None:
        """A worker's metrics as they are now."""
        self._seen[number] = metrics

    def lost(self, number: int) -> None:
        """A worker is no more: its counters stay, its gauges go."""
        last = self._seen.pop(number, [])
        self._gone = self._merged([self._gone, [family for family in last if family.only_grows]])

    def render(self, own: Snapshot) -> bytes:
        """All as one, in Prometheus' text format; `own` are the supervisor's."""
        merged = self._merged([own, self._gone, *self._seen.values()])
        for family in merged:
            if family.only_grows:
                self._keep_growing(family)
        return generate_latest(_Ready(merged))

    def _keep_growing(self, family: Family) -> None:
        """Added up in another order, a sum can be smaller by its last bit: Prometheus would take that for a restart."""
        for key, value in family.samples.items():
            if not key[0].endswith(CREATED):
                family.samples[key] = self._shown[key] = max(value, self._shown.get(key, value))

    def _merged(self, snapshots: Iterable[Snapshot]) -> Snapshot:
        families: dict[str, Family] = {}
        for one in snapshots:
            for family in one:
                into = families.setdefault(family.name, Family(family.name, family.help, family.kind))
                for key, value in family.samples.items():
                    before = into.samples.get(key)
                    into.samples[key] = value if before is None else self._both(family, key[0], before, value)
        return list(families.values())

    def _both(self, family: Family, series: str, one: float, other: float) -> float:
        if family.only_grows and series.endswith(CREATED):
            return min(one, other)
        if family.kind == "gauge" and (rule := self._rules.get(family.name, "sum")) != "sum":
            return max(one, other) if rule == "max" else min(one, other)
        return one + other


class _Ready(CollectorRegistry):
    """Metrics that only need to be written down."""

    def __init__(self, families: Snapshot) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """See `CollectorRegistry`."""
        for family in self._families:
            metric = Metric(family.name, family.help, family.kind)
            for (name, labels), value in family.samples.items():
                metric.add_sample(name, dict(labels), value)
            yield metric
