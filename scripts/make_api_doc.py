"""Write docs/api.md from the OpenAPI document, the enums and the examples of the service.

    python scripts/make_api_doc.py        or: make api-doc

The answers in the examples are those of the service itself, with fixed ids and times.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1]))

from schemas.enums import ENUMS, NamedEnum
from service import create_app
from service.api.openapi import DOCUMENTED_METHODS, ERROR_RESPONSES, RESPONSE_HEADERS
from service.api.openapi_examples import BODY_EXAMPLES, ID_EXAMPLES, QUERY_EXAMPLES
from service.api.openapi_texts import INTRODUCTION
from service.settings import Settings
from service.store.factory import open_store
from service.usecases import api_keys

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "api.md"

NOW: Final = datetime(2026, 1, 5, 10, tzinfo=UTC)
WIDTH: Final = 90

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"

ENUMS_BY_NAME: Final = {enum.name: enum for enum in ENUMS}

OPERATIONS_ON_EMPTY_RECORD: Final = {"post_report", "post_preview", "post_batch"}

Json = dict[str, Any]


def make_document() -> str:
    """Return the text of docs/api.md."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        document = ExampleService(Path(folder) / "document.db").get("/v1/openapi.json")
        examples = ExampleWriter(Path(folder))
        return "\n".join(iterate_lines(document, examples)).rstrip() + "\n"


class ExampleService:
    """A service of its own with fixed ids and times."""

    def __init__(self, database: Path) -> None:
        numbers = count(2)
        self.next_ids = [ID_EXAMPLES["reports"]]
        """The ids that are given next; afterwards they are numbered."""

        def make_id() -> str:
            return self.next_ids.pop() if self.next_ids else f"report{next(numbers)}"

        settings = Settings(database=database, log_level="error", solver_seconds=60.0)
        app = create_app(settings, lambda: NOW, make_id)
        store = open_store(settings.database, settings.busy_seconds)
        key = api_keys.create_key(store, name="example", scope="admin", now=NOW)
        store.close()
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> Json:
        """Return the JSON at the path."""
        document: Json = self.send("GET", path).get_json()
        return document

    def send(self, method: str, path: str, body: Any = None, media_type: str = JSON) -> Any:
        """Return the response to the request."""
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        return self._client.open(
            path,
            method=method,
            data=data,
            content_type=None if data is None else media_type,
            headers=self._headers,
        )


class ExampleWriter:
    """Writes a request and its answer for each operation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def iterate_lines(self, path: str, method: str, operation: Json) -> Iterator[str]:
        """Yield the worked example of the operation in Markdown."""
        operation_id = operation["operationId"]
        service = ExampleService(self._folder / f"{operation_id}.db")
        if operation_id not in OPERATIONS_ON_EMPTY_RECORD:
            service.send("POST", "/v1/reports", BODY_EXAMPLES["post_report", JSON])
            service.send("POST", "/v1/reports/batch", BODY_EXAMPLES["post_batch", NDJSON], NDJSON)
        plural = path.split("/")[2] if path.startswith("/v1/") else ""
        if plural == "imports":
            service.next_ids.append(ID_EXAMPLES[plural])
            if operation_id != "post_import":
                self._import_file(service)
        address = re.sub(r"\{\w+\}", ID_EXAMPLES.get(plural, ""), path)
        query = QUERY_EXAMPLES.get(operation_id)
        address += f"?{urlencode(query, safe=',')}" if query else ""
        body = BODY_EXAMPLES.get((operation_id, JSON))
        response = service.send(method, address, body)
        yield from ("Example:", "", "```http", f"{method.upper()} {address}", "```", "")
        if body is not None:
            yield from ("```json", format_json(body), "```", "")
        yield f"The answer is {response.status_code}:"
        yield ""
        text = response.get_data(as_text=True)
        if response.mimetype == JSON:
            content = response.get_json()
            if "rules" in content.get("lexicon", ()):  # Too long to be an example.
                content["lexicon"]["rules"] = [content["lexicon"]["rules"][1], "…"]
            if operation_id == "get_events":  # The others are alike; keys and hashes are random.
                content["events"] = [{**content["events"][0], "actor": "9f3c0d2a17", "hash": "…"}]
            yield from ("```json", format_json(content), "```", "")
        elif response.mimetype == "text/csv":
            yield from ("```text", *text.splitlines()[:2], "…", "```", "")
        else:
            lines = [each for each in text.splitlines() if "casualty_build_info" in each]
            yield from ("```text", *lines, "…", "```", "")

    def _import_file(self, service: ExampleService) -> None:
        """Begin the import of the example, and record two reports of it."""
        service.send("POST", "/v1/imports", BODY_EXAMPLES["post_import", JSON])
        lines = [
            json.dumps({**BODY_EXAMPLES["post_report", JSON], "ref": ref, "quote": ref})
            for ref in ("ev-1", "ev-2")
        ]
        batch = f"/v1/reports/batch?import={ID_EXAMPLES['imports']}&rows=2"
        service.send("POST", batch, "\n".join(lines), NDJSON)


def iterate_lines(document: Json, examples: ExampleWriter) -> Iterator[str]:
    """Yield the lines of docs/api.md."""
    first, _, rest = INTRODUCTION.partition("\n\n")
    operations = list(iterate_operations(document))
    yield "# API reference"
    yield ""
    yield f"<!-- `make api-doc` writes this file (version {document['info']['version']}). Its texts"
    yield "are those of the OpenAPI document: edit them in schemas/ and service/api/. -->"
    yield ""
    yield first
    yield ""
    yield (
        f"This is the reference of version {document['info']['version']}. A running service has the"
        " same descriptions in its OpenAPI 3.1 document at `/v1/openapi.json`, and as a page at"
        " `/docs`. [meaning.md](meaning.md) defines what a total is. How to use the routes"
        " together is described in [clients.md](clients.md) (first steps; sending, correcting and"
        " following reports) and [formats.md](formats.md) (CSV, GeoJSON, NDJSON)."
    )
    yield ""
    for heading in (
        *re.findall(r"^## (.+)$", INTRODUCTION, re.MULTILINE),
        *("Routes", "Objects", "Enums", "Errors by status", "Headers of answers"),
    ):
        yield f"- [{heading}](#{slugify(heading)})"
    yield ""
    yield rest
    yield "## Routes"
    yield ""
    yield "| route | what it does |"
    yield "|---|---|"
    for path, method, operation in operations:
        title = f"{method.upper()} {path}"
        yield f"| [`{title}`](#{slugify(title)}) | {operation['summary']} |"
    yield ""
    for path, method, operation in operations:
        yield from iterate_operation(document, path, method, operation)
        yield from examples.iterate_lines(path, method, operation)
    yield "## Objects"
    yield ""
    yield (
        "Fields of request bodies are optional unless they are marked as required. Fields of"
        " answers are always present unless their description states when."
    )
    yield ""
    for name, schema in document["components"]["schemas"].items():
        if name not in ENUMS_BY_NAME:
            yield from iterate_object(name, schema)
    yield "## Enums"
    yield ""
    yield "A value that is not listed is rejected in a request and does not occur in an answer."
    yield ""
    for enum in ENUMS:
        yield from iterate_enum(enum)
    yield from iterate_errors()
    yield from iterate_headers()


def iterate_operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield path, method and operation of each route."""
    for path, item in document["paths"].items():
        for method in sorted(DOCUMENTED_METHODS & set(item), reverse=True):
            operation = item[method]
            parameters = [*item.get("parameters", ()), *operation["parameters"]]
            yield path, method, {**operation, "parameters": parameters}


def iterate_operation(document: Json, path: str, method: str, operation: Json) -> Iterator[str]:
    """Yield the section of one route, without its example."""
    yield f"### {method.upper()} {path}"
    yield ""
    yield operation["summary"]
    yield ""
    if "description" in operation:
        yield operation["description"]
        yield ""
    if operation["parameters"]:
        yield "| parameter | in | type | description |"
        yield "|---|---|---|---|"
        for parameter in operation["parameters"]:
            yield (
                f"| `{parameter['name']}` | {parameter['in']} | {type_of(parameter['schema'])}"
                f" | {to_cell(parameter['description'])} |"
            )
        yield ""
    bodies = operation.get("requestBody", {}).get("content", {})
    if bodies:
        texts = [f"{type_of(body['schema'])} as `{media}`" for media, body in bodies.items()]
        yield f"Body: {' or '.join(texts)}."
        yield ""
    yield "| status | body | meaning |"
    yield "|---|---|---|"
    responses = sorted(operation["responses"].items())
    for status, response in responses:
        if status.startswith(("2", "3")):
            content = response.get("content", {})
            texts = [f"{type_of(body['schema'])} (`{media}`)" for media, body in content.items()]
            yield f"| {status} | {', '.join(texts) or 'none'} | {response['description']} |"
    errors = ", ".join(status for status, _ in responses if status.startswith(("4", "5")))
    yield f"| {errors} | [Problem](#problem) | See [errors by status](#errors-by-status). |"
    yield ""


def iterate_object(name: str, schema: Json) -> Iterator[str]:
    """Yield the section of one object."""
    yield f"### {name}"
    yield ""
    yield schema["description"]
    yield ""
    yield "| field | type | description |"
    yield "|---|---|---|"
    is_request = schema.get("additionalProperties") is False and name.endswith(("In", "Mention"))
    for field, field_schema in schema["properties"].items():
        mark = ", required" if is_request and field in schema.get("required", ()) else ""
        yield (
            f"| `{field}` | {type_of(field_schema)}{mark}"
            f" | {to_cell(field_schema['description'])} |"
        )
    yield ""


def iterate_enum(enum: NamedEnum) -> Iterator[str]:
    """Yield the section of one enum."""
    yield f"### {enum.name}"
    yield ""
    yield enum.description
    yield ""
    yield "| value | meaning |"
    yield "|---|---|"
    for value, meaning in enum.meanings.items():
        yield f"| `{value}` | {to_cell(meaning)} |"
    yield ""


def iterate_errors() -> Iterator[str]:
    """Yield the table of the error statuses."""
    yield "## Errors by status"
    yield ""
    yield "Every error has the body [Problem](#problem). `type` is `about:blank`."
    yield ""
    yield "| status | meaning | headers |"
    yield "|---|---|---|"
    for status, (description, headers) in ERROR_RESPONSES.items():
        names = ", ".join(f"`{each}`" for each in headers)
        yield f"| {status} | {to_cell(description)} | {names} |"
    yield ""


def iterate_headers() -> Iterator[str]:
    """Yield the table of the headers of answers."""
    yield "## Headers of answers"
    yield ""
    yield "| header | meaning |"
    yield "|---|---|"
    for name, header in RESPONSE_HEADERS.items():
        yield f"| `{name}` | {to_cell(header['description'])} |"


def type_of(schema: Mapping[str, Any]) -> str:
    """Return the type of the schema in words, with links to objects and enums."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{slugify(name)})"
    if "anyOf" in schema:
        return " or ".join(type_of(each) for each in schema["anyOf"])
    types = schema.get("type", "any")
    names = [types] if isinstance(types, str) else types
    return " or ".join(_plain_type_of(name, schema) for name in names)


def _plain_type_of(name: str, schema: Mapping[str, Any]) -> str:
    if name == "array":
        return f"list of {type_of(schema['items'])}"
    if name == "string" and schema.get("format") == "date":
        return "day"
    if name == "string" and "a-z0-9_-" in schema.get("pattern", ""):
        return "id"
    if name == "string" and "maxLength" in schema and "pattern" not in schema:
        return f"string of {schema.get('minLength', 1)} to {schema['maxLength']:,} characters"
    if name in ("integer", "number") and "maximum" in schema:
        return f"{name} from {int(schema['minimum']):,} to {int(schema['maximum']):,}"
    if name == "object" and "properties" in schema:
        fields = (f"`{each}`: {type_of(part)}" for each, part in schema["properties"].items())
        return f"object with {', '.join(fields)}"
    return name


def to_cell(text: str) -> str:
    """Return the text on one line, as a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def slugify(heading: str) -> str:
    """Return the anchor that Markdown viewers give the heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def format_json(value: Any, indent: int = 0, prefix: str = "") -> str:
    """Return the value as JSON after the prefix; what fits in the width is on one line."""
    line = f"{prefix}{json.dumps(value, ensure_ascii=False)}"
    if len(line) + indent <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        members = [
            format_json(each, indent + 2, f"{json.dumps(name)}: ") for name, each in value.items()
        ]
    else:
        members = [format_json(each, indent + 2) for each in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    joined = ",\n".join(f"{inner}{member}" for member in members)
    return f"{prefix}{opening}\n{joined}\n{' ' * indent}{closing}"


if __name__ == "__main__":
    DOCUMENT.write_text(make_document(), encoding="utf-8")
