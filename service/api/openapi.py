"""What the document says of every operation alike: statuses, headers, and an example to begin with.

The library writes down what each view takes and answers; the rest follows from rules that hold for
all of them, and is added here when every address is known.
"""

from typing import Any, Final

from service.api.openapi_examples import BODIES, IDS, PARAMETERS
from service.http.consistency import DEMANDED
from service.http.problems import MEDIA_TYPE

WITHOUT_RECORD: Final = ("/v1/vocabulary",)

VERBS: Final = frozenset({"get", "put", "post"})

_SECONDS: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}

HEADERS: Final[dict[str, Any]] = {
    "X-Request-ID": {"description": "By which the log can be searched.", "schema": _TEXT},
    "Casualty-Seq": {
        "description": "The answer holds every entry of the ledger up to this one.",
        "schema": _SECONDS,
    },
    "ETag": {"description": "What names this answer; good for If-None-Match.", "schema": _TEXT},
    "Location": {"description": "The address of what was recorded.", "schema": _TEXT},
    "Idempotent-Replayed": {
        "description": "The answer was given before, to the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "Seconds after which to come back.", "schema": _SECONDS},
    "WWW-Authenticate": {"description": "How to send a key.", "schema": _TEXT},
    "Allow": {"description": "The methods that this address knows.", "schema": _TEXT},
    "RateLimit": {"description": "What is left, where rates are limited.", "schema": _TEXT},
    "RateLimit-Policy": {"description": "The rate, where it is limited.", "schema": _TEXT},
}

ERRORS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "400": ("It cannot be parsed.", ()),
    "401": ("A key is needed, or the one that was sent is not good.", ("WWW-Authenticate",)),
    "403": ("The key does not allow it.", ()),
    "404": ("There is nothing at this address.", ()),
    "405": ("This address does not know the method.", ("Allow",)),
    "409": ("It contradicts what is recorded.", ()),
    "412": ("It is another one now than the precondition says.", ()),
    "413": ("The body is too large.", ()),
    "414": ("The address is too long.", ()),
    "415": ("The body is no JSON by its Content-Type, or it is encoded.", ()),
    "422": ("It is understood but wrong; errors name the fields.", ()),
    "424": ("Others that it belongs to were refused.", ()),
    "429": ("Too many requests.", ("Retry-After",)),
    "431": ("The head of the request is too large.", ()),
    "503": ("It cannot be answered now.", ("Retry-After",)),
}

_ALWAYS: Final = ("400", "405", "414", "422", "431", "503")
_WITH_BODY: Final = ("409", "413", "415")

_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of what the sender has seen; if it is another one now, 412.",
    "schema": _TEXT,
}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags that the reader has; if it is still one of them, 304 without a body."
    " A writer sends * to describe only what is not there yet; else 412.",
    "schema": _TEXT,
}
_MIN_SEQ: Final = {
    "name": DEMANDED,
    "in": "header",
    "description": "The number of an entry: the answer must hold every one up to it. It is waited"
    " for; else 503.",
    "schema": _TEXT,
}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with all that holds for every operation; it is changed in place."""
    components = document["components"]
    components["headers"] = HEADERS
    for status, (description, headers) in ERRORS.items():
        components["responses"][f"Problem{status}"] = {
            "description": description,
            "headers": _headers("X-Request-ID", *headers),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", ()):
            parameter["example"] = IDS.get(path.split("/")[2], "x")
        for verb in VERBS & set(item):
            _complete(path, verb, item[verb])
    # What is taken in place of the library's own is not left behind unused.
    components["responses"].pop("UNPROCESSABLE_ENTITY", None)
    return document


def _complete(path: str, verb: str, operation: dict[str, Any]) -> None:
    named = operation["operationId"]
    parameters = operation.setdefault("parameters", [])
    if path.startswith("/v1/"):
        if verb in ("get", "put"):
            parameters.append(dict(_IF_NONE_MATCH))
        if verb == "get" and path not in WITHOUT_RECORD:
            parameters.append(dict(_MIN_SEQ))
        if verb == "put":
            parameters.append(dict(_IF_MATCH))
    for parameter in parameters:
        if parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]
    for media in operation.get("requestBody", {}).get("content", {}):
        if (named, media) in BODIES:
            operation["requestBody"]["content"][media]["example"] = BODIES[named, media]
    _answers(path, verb, operation)


def _answers(path: str, verb: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    names = {each["name"] for each in operation["parameters"]}
    for status, response in responses.items():
        if status.startswith("2"):
            told = ["X-Request-ID", "RateLimit", "RateLimit-Policy"]
            posted = operation["operationId"] == "post_report"
            told += ["ETag"] if verb in ("get", "put") or posted else []
            told += ["Casualty-Seq"] if DEMANDED in names else []
            told += ["Location"] if posted else []
            told += ["Idempotent-Replayed"] if "Idempotency-Key" in names else []
            response["headers"] = {**response.get("headers", {}), **_headers(*told)}
    statuses = [*_ALWAYS]
    if "security" in operation:
        statuses += ["401", "403", "429"]
    if "{id}" in path:
        statuses += ["404"]
    if "requestBody" in operation:
        statuses += _WITH_BODY
    if operation["operationId"] == "post_batch":
        statuses += ["424"]
    if "If-None-Match" in names and verb == "get":
        responses["304"] = {
            "description": "The reader has it.",
            "headers": _headers("X-Request-ID", "ETag"),
        }
    if "If-Match" in names or verb == "get":
        statuses += ["412"]
    for status in statuses:
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
