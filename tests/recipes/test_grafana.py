"""The dashboard for Grafana asks what the service answers; Grafana itself is not started.

The requests are made as Grafana makes them, with its variables replaced, and the columns are read
by their paths as the plugin reads them: the names and numbers of a path are separated by dots.
"""

import json
import re
import urllib.parse
from typing import Any, Final

import pytest

from tests.recipes.recipes import Kitchen
from tests.support.capabilities import require_recipe_tools
from tests.support.paths import ROOT

FOLDER: Final = ROOT / "examples" / "grafana"
DASHBOARD: Final = json.loads((FOLDER / "dashboards" / "casualties.json").read_text("utf-8"))
PANELS: Final = {panel["title"]: panel for panel in DASHBOARD["panels"]}
SOURCE: Final = (FOLDER / "provisioning" / "datasources" / "casualties.yaml").read_text("utf-8")


def _fill_variables(kitchen: Kitchen, text: str) -> str:
    """Return the text with the variables of the dashboard and of Grafana replaced."""
    values = {each["name"]: each["query"] for each in DASHBOARD["templating"]["list"]}
    values["service"] = kitchen.point(values["service"])
    for end in ("from", "to"):
        values[f"__{end}:date:YYYY-MM-DD"] = DASHBOARD["time"][end][:10]
    return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)


def _read_panel(kitchen: Kitchen, title: str) -> list[dict[str, Any]]:
    """Return the rows of the panel: each column by its name."""
    (target,) = PANELS[title]["targets"]
    address = _fill_variables(kitchen, target["url"])
    assert address.startswith(kitchen.server.url)
    answer = kitchen.fetch_json(address.removeprefix(kitchen.server.url))
    return [
        {each["text"]: _find(row, each["selector"]) for each in target["columns"]}
        for row in _find(answer, target["root_selector"])
    ]


def _find(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


def test_the_table_has_the_numbers_of_the_api(kitchen: Kitchen) -> None:
    rows = _read_panel(kitchen, "By oblast and month")
    names = ("month", "fewest", "most", "fewest placed", "most placed")
    read = [tuple(row[name] for name in names) for row in rows]
    assert read == [row[1:] for row in kitchen.fetch_rows()]
    assert [row["total"] for row in rows if row["disputed"]] == ["between 5 and 8 killed, disputed"]


def test_the_months_and_the_total_are_those_of_the_period(kitchen: Kitchen) -> None:
    months = _read_panel(kitchen, "By month")
    assert [(row["month"], row["fewest"], row["most"]) for row in months] == [
        ("2024-01-01", 40, None),
        ("2024-02-01", 35, None),
        ("2024-03-01", 20, None),
    ]
    (whole,) = _read_panel(kitchen, "Killed, as reported")
    question = "place=example-country&outcomes=killed&from=2024-01-01&to=2024-03-31"
    answer = kitchen.fetch_json(f"/v1/totals?{question}")
    assert whole["total"] == answer["totals"][0]["text"]
    caveats = _read_panel(kitchen, "What to know about the total")
    assert [row["caveat"] for row in caveats] == [each["text"] for each in answer["caveats"]]
    assert caveats


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_uses_the_data_source_that_is_provisioned(title: str) -> None:
    (target,) = PANELS[title]["targets"]
    for source in (PANELS[title]["datasource"], target["datasource"]):
        assert f"    uid: {source['uid']}\n" in SOURCE
        assert f"    type: {source['type']}\n" in SOURCE
    assert (target["parser"], target["source"], target["type"]) == ("backend", "url", "json")
    kinds = {"string", "number", "boolean", "timestamp"}
    assert {column["type"] for column in target["columns"]} <= kinds


def test_the_data_source_allows_the_service_and_no_other_host(kitchen: Kitchen) -> None:
    allowed = re.findall(r"^ +- (http\S+)$", SOURCE, re.MULTILINE)
    (service,) = (
        each["query"] for each in DASHBOARD["templating"]["list"] if each["name"] == "service"
    )
    assert allowed == [service]
    assert urllib.parse.urlsplit(service).path == ""


def test_the_dashboard_has_the_type_that_grafana_publishes(kitchen: Kitchen) -> None:
    require_recipe_tools("tsc")
    dashboard = json.dumps(DASHBOARD, indent=2)
    assert _check_types(kitchen, dashboard) == ""
    wrong = dashboard.replace('"schemaVersion": ', '"schemaVersion": "none" + ')
    assert "is not assignable to type 'number'" in _check_types(kitchen, wrong)


def _check_types(kitchen: Kitchen, dashboard: str) -> str:
    file = kitchen.folder / "examples" / "grafana" / "dashboard.ts"
    file.write_text(
        'import type { Dashboard } from "@grafana/schema";\n'
        f"export const dashboard: Dashboard = {dashboard};\n",
        encoding="utf-8",
    )
    return kitchen.run(
        "tsc --noEmit --strict --skipLibCheck --target es2022 --module nodenext"
        f" --moduleResolution nodenext {file.relative_to(kitchen.folder)} || true"
    )
