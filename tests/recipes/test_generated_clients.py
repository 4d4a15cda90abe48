"""Clients that are generated from /v1/openapi.json ask and post."""

import re

from tests.recipes.recipes import DOCUMENT, Kitchen
from tests.support.capabilities import require_recipe_tools
from tests.support.markdown import read_code_blocks

MARCH = "outcomes=killed&from=2024-03-01&to=2024-03-31"


def test_a_python_client_asks_about_two_places(kitchen: Kitchen) -> None:
    require_recipe_tools("python")
    *_, output = kitchen.run_section("A Python client")
    (both,) = kitchen.fetch_json(f"/v1/totals?place=example-east,example-north&{MARCH}")["totals"]
    assert output.split()[-4:] == [
        *(str(both["low"]), str(both["high"])),
        *(str(both["placed"]["low"]), str(both["placed"]["high"])),
    ]
    for place in ("example-east", "example-north"):
        (one,) = kitchen.fetch_json(f"/v1/totals?place={place}&{MARCH}")["totals"]
        assert (one["low"], one["placed"]["low"]) == (0, None)


def test_the_python_generator_warns_of_one_form_of_one_body(kitchen: Kitchen) -> None:
    require_recipe_tools("python")
    generate, *_ = read_code_blocks(DOCUMENT)["A Python client"]
    output = kitchen.run(f"{generate.text.rstrip()} 2>&1")
    assert re.findall(r"WARNING .*", output) == [
        "WARNING parsing POST /v1/reports/batch within batches."
    ]
    assert "Unsupported content type application/x-ndjson" in output


def test_a_typescript_client_is_checked_posts_and_asks(kitchen: Kitchen) -> None:
    require_recipe_tools("openapi-typescript", "tsc", "node")
    *_, output = kitchen.run_section("A TypeScript client")
    address = "/v1/totals?place=example-north&outcomes=wounded&from=2024-04-01&to=2024-04-30"
    (total,) = kitchen.fetch_json(address)["totals"]
    assert (total["low"], total["high"], total["figures"]) == (3, 4, 1)
    assert output.splitlines()[1].startswith(total["text"])
    assert kitchen.run("node examples/typescript-client/client.ts").startswith("200 live\n")
    client = kitchen.folder / "examples" / "typescript-client" / "client.ts"
    text = client.read_text("utf-8")
    wrong = text.replace("low: 3", "lows: 3").replace('"example-east", ', "3, ")
    client.write_text(wrong, encoding="utf-8")
    found = kitchen.run("tsc --project examples/typescript-client || true")
    assert "'lows' does not exist" in found
    assert "Type 'number' is not assignable to type 'string'" in found
