"""The text of /metrics, parsed as Prometheus parses it."""

import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse_samples(text: str) -> Samples:
    """Return the value of every series by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def parse_metric_names(text: str) -> set[str]:
    """Return the names of all metrics, as queries have them but for what histograms append."""
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text)
    }


def get_sample_value(sample_values: Samples, name: str, **labels: Any) -> float:
    """Return the value of a series; 0 for one that is not there yet, as counts begin."""
    return sample_values.get((name, frozenset((k, str(v)) for k, v in labels.items())), 0.0)


def scrape(url: str, key: str | None = None) -> Samples:
    """Return the server's metrics; the request has the key if there is one."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{url}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return parse_samples(response.read().decode())
