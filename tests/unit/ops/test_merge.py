"""Metrics of several processes as one."""

import pickle

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from app.ops import metrics
from app.ops.merge import Snapshot, Totals, snapshot


class Process:
    """One that counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls", "Calls.", ["outcome"], registry=self.registry)
        self.active = Gauge("active", "Now.", registry=self.registry)
        self.linked = Gauge("linked", "Whether.", ["to"], registry=self.registry)
        self.lag_s = Gauge("lag_seconds", "Late.", registry=self.registry)
        self.length_s = Histogram("length_seconds", "Long.", buckets=(1, 10), registry=self.registry)

    def snapshot(self) -> Snapshot:
        sent: Snapshot = pickle.loads(pickle.dumps(snapshot(self.registry)))
        return sent


RULES = metrics.GAUGE_RULES | {"active": "sum", "lag_seconds": "max", "linked": "min"}


def read(page: bytes) -> dict[str, float]:
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


@pytest.fixture
def three() -> tuple[Process, Process, Process]:
    """A supervisor and two workers."""
    own, one, other = Process(), Process(), Process()
    one.calls.labels("hangup").inc(3)
    one.active.set(2)
    one.lag_s.set(0.5)
    one.linked.labels("a").set(1)
    one.linked.labels("b").set(1)
    other.linked.labels("a").set(1)
    other.linked.labels("b").set(0)
    one.length_s.observe(5)
    other.calls.labels("hangup").inc(4)
    other.calls.labels("lost").inc(1)
    other.active.set(5)
    other.lag_s.set(0.25)
    other.length_s.observe(0.5)
    other.length_s.observe(50)
    return own, one, other


def page_of(totals: Totals, own: Process) -> dict[str, float]:
    return read(totals.render(own.snapshot()))


def test_added_up_or_the_worst_of_all(three: tuple[Process, Process, Process]) -> None:
    own, *workers = three
    totals = Totals(dict(RULES))
    for number, worker in enumerate(workers):
        totals.saw(number, worker.snapshot())
    page = page_of(totals, own)
    assert (page["calls_total outcome=hangup"], page["calls_total outcome=lost"]) == (7, 1)
    assert (page["active"], page["lag_seconds"]) == (7, 0.5)
    assert (page["linked to=a"], page["linked to=b"]) == (1, 0)
    assert [page[f"length_seconds_bucket le={le}"] for le in ("1.0", "10.0", "+Inf")] == [1, 2, 3]
    assert (page["length_seconds_count"], page["length_seconds_sum"]) == (3, 55.5)


def test_a_time_of_creation_is_the_earliest(three: tuple[Process, Process, Process]) -> None:
    own, *workers = three
    totals = Totals(dict(RULES))
    for number, worker in enumerate(workers):
        totals.saw(number, worker.snapshot())
    created = [read(Totals({}).render(one.snapshot()))["length_seconds_created"] for one in three]
    assert page_of(totals, own)["length_seconds_created"] == min(created)


def test_seen_again_is_not_added_again(three: tuple[Process, Process, Process]) -> None:
    own, one, _ = three
    totals = Totals(dict(RULES))
    for _ in range(3):
        totals.saw(0, one.snapshot())
        assert page_of(totals, own)["calls_total outcome=hangup"] == 3


def test_what_the_dead_had_counted_stays_what_they_were_goes(three: tuple[Process, Process, Process]) -> None:
    own, one, other = three
    totals = Totals(dict(RULES))
    totals.saw(0, one.snapshot())
    totals.saw(1, other.snapshot())
    totals.lost(1)
    page = page_of(totals, own)
    assert (page["calls_total outcome=hangup"], page["length_seconds_count"]) == (7, 3)
    assert (page["active"], page["lag_seconds"]) == (2, 0.5)
    successor = Process()
    successor.calls.labels("hangup").inc()
    totals.saw(1, successor.snapshot())
    assert page_of(totals, own)["calls_total outcome=hangup"] == 8
    totals.lost(1)
    totals.lost(0)
    page = page_of(totals, own)
    assert (page["calls_total outcome=hangup"], page["active"]) == (8, 0)


def test_not_even_the_last_bit_goes_backwards() -> None:
    """0.1 + (0.2 + 0.3) is less than (0.1 + 0.2) + 0.3."""
    own, *workers = (Process() for _ in range(4))
    totals = Totals({})
    for number, (worker, length_s) in enumerate(zip(workers, (0.1, 0.2, 0.3), strict=True)):
        worker.length_s.observe(length_s)
        totals.saw(number, worker.snapshot())
    before = page_of(totals, own)["length_seconds_sum"]
    totals.lost(1)
    totals.lost(2)
    assert before > 0.1 + (0.2 + 0.3)
    assert page_of(totals, own)["length_seconds_sum"] == before


def test_a_worker_that_was_never_seen_can_die() -> None:
    totals = Totals({})
    totals.lost(4)
    assert totals.render([]) == b""


def test_every_gauge_has_a_rule() -> None:
    gauges = {family.name for family in metrics.REGISTRY.collect() if family.type == "gauge"}
    assert set(metrics.GAUGE_RULES) == gauges


def test_one_process_alone_reads_as_prometheus_client_writes_it(three: tuple[Process, Process, Process]) -> None:
    from prometheus_client import generate_latest

    one = three[1]
    assert read(Totals({}).render(one.snapshot())) == read(generate_latest(one.registry))
