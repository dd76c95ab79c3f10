"""What a service counts and measures, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """A histogram a stage of a search, answers by their status, and how much waits."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._stages = Histogram(
            "resight_stage_seconds", "Seconds in one stage of a request.", ["stage"], buckets=BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        self._answers = Counter(
            "resight_answers", "Answers by method and status.", ["method", "status"], registry=self._registry
        )
        self._known: dict[str, Histogram] = {}
        self._counted: dict[tuple[str, int], Counter] = {}

    def register(self, collector: Collector) -> None:
        """A collector of what is asked for only when somebody reads."""
        self._registry.register(collector)

    def stages(self, took_ms: Mapping[str, float]) -> None:
        """The stages of one request."""
        for stage, took in took_ms.items():
            if stage not in self._known:
                self._known[stage] = self._stages.labels(stage)
            self._known[stage].observe(took / 1000)

    def answer(self, method: str, status: int) -> None:
        """One answer."""
        key = method, status
        if key not in self._counted:
            self._counted[key] = self._answers.labels(method, str(status))
        self._counted[key].inc()

    def spell(self) -> bytes:
        """All of it as text."""
        return generate_latest(self._registry)


class Gauges(Collector):
    """Numbers that are asked for when somebody reads them."""

    def __init__(self, gauges: Mapping[str, tuple[str, str, Mapping[str, Callable[[], float]]]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        """Each gauge with its labels."""
        for name, (told, label, values) in self._gauges.items():
            family = GaugeMetricFamily(name, told, labels=[label])
            for key, read in values.items():
                family.add_metric([key], float(read()))
            yield family
