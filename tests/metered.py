"""What /metrics says, read as Prometheus reads it."""

import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Return the value of every series by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def families(text: str) -> set[str]:
    """Return the names of all metrics, as queries have them but for what histograms append."""
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text)
    }


def value(found: Samples, name: str, **labels: Any) -> float:
    """Return the value of a series; 0 for one that is not there yet, as counts begin."""
    return found.get((name, frozenset((k, str(v)) for k, v in labels.items())), 0.0)


def scraped(url: str, key: str | None = None) -> Samples:
    """Return what the server says, to the holder of the key if there is one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{url}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return samples(answer.read().decode())
