"""What the document says of every operation alike: statuses, headers, and an example to begin with.

The library writes down what each view takes and answers; the rest follows from rules that hold for
all of them, and is added here when every address is known.
"""

from typing import Any, Final

from service.api.openapi_examples import BODY_EXAMPLES, ID_EXAMPLES, PARAMETER_EXAMPLES
from service.http.consistency import MIN_SEQ_HEADER
from service.http.problems import MEDIA_TYPE

PATHS_WITHOUT_RECORD: Final = ("/v1/vocabulary",)

DOCUMENTED_METHODS: Final = frozenset({"get", "put", "post"})

_NON_NEGATIVE_INTEGER: Final = {"type": "integer", "minimum": 0}
_STRING: Final = {"type": "string"}

RESPONSE_HEADERS: Final[dict[str, Any]] = {
    "X-Request-ID": {"description": "By which the log can be searched.", "schema": _STRING},
    "Casualty-Seq": {
        "description": "The answer holds every entry of the ledger up to this one.",
        "schema": _NON_NEGATIVE_INTEGER,
    },
    "ETag": {"description": "What names this answer; good for If-None-Match.", "schema": _STRING},
    "Location": {"description": "The address of what was recorded.", "schema": _STRING},
    "Idempotent-Replayed": {
        "description": "The answer was given before, to the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "Seconds after which to come back.",
        "schema": _NON_NEGATIVE_INTEGER,
    },
    "WWW-Authenticate": {"description": "How to send a key.", "schema": _STRING},
    "Allow": {"description": "The methods that this address knows.", "schema": _STRING},
    "RateLimit": {"description": "What is left, where rates are limited.", "schema": _STRING},
    "RateLimit-Policy": {"description": "The rate, where it is limited.", "schema": _STRING},
}

ERROR_RESPONSES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
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

_STATUSES_OF_EVERY_OPERATION: Final = ("400", "405", "414", "422", "431", "503")
_STATUSES_WITH_BODY: Final = ("409", "413", "415")

_IF_MATCH_PARAMETER: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of what the sender has seen; if it is another one now, 412.",
    "schema": _STRING,
}
_IF_NONE_MATCH_PARAMETER: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags that the reader has; if it is still one of them, 304 without a body."
    " A writer sends * to describe only what is not there yet; else 412.",
    "schema": _STRING,
}
_MIN_SEQ_PARAMETER: Final = {
    "name": MIN_SEQ_HEADER,
    "in": "header",
    "description": "The number of an entry: the answer must hold every one up to it. It is waited"
    " for; else 503.",
    "schema": _STRING,
}


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with all that holds for every operation; it is changed in place."""
    components = document["components"]
    components["headers"] = RESPONSE_HEADERS
    for status, (description, headers) in ERROR_RESPONSES.items():
        components["responses"][f"Problem{status}"] = {
            "description": description,
            "headers": _refer_to_headers("X-Request-ID", *headers),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", ()):
            parameter["example"] = ID_EXAMPLES.get(path.split("/")[2], "x")
        for method in DOCUMENTED_METHODS & set(item):
            _complete_operation(path, method, item[method])
    # What is taken in place of the library's own is not left behind unused.
    components["responses"].pop("UNPROCESSABLE_ENTITY", None)
    return document


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    operation_id = operation["operationId"]
    parameters = operation.setdefault("parameters", [])
    if path.startswith("/v1/"):
        if method in ("get", "put"):
            parameters.append(dict(_IF_NONE_MATCH_PARAMETER))
        if method == "get" and path not in PATHS_WITHOUT_RECORD:
            parameters.append(dict(_MIN_SEQ_PARAMETER))
        if method == "put":
            parameters.append(dict(_IF_MATCH_PARAMETER))
    for parameter in parameters:
        if parameter["name"] in PARAMETER_EXAMPLES:
            parameter["example"] = PARAMETER_EXAMPLES[parameter["name"]]
    for media_type in operation.get("requestBody", {}).get("content", {}):
        if (operation_id, media_type) in BODY_EXAMPLES:
            operation["requestBody"]["content"][media_type]["example"] = BODY_EXAMPLES[
                operation_id, media_type
            ]
    _complete_responses(path, method, operation)


def _complete_responses(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    parameter_names = {parameter["name"] for parameter in operation["parameters"]}
    for status, response in responses.items():
        if status.startswith("2"):
            header_names = ["X-Request-ID", "RateLimit", "RateLimit-Policy"]
            is_post_report = operation["operationId"] == "post_report"
            header_names += ["ETag"] if method in ("get", "put") or is_post_report else []
            header_names += ["Casualty-Seq"] if MIN_SEQ_HEADER in parameter_names else []
            header_names += ["Location"] if is_post_report else []
            header_names += ["Idempotent-Replayed"] if "Idempotency-Key" in parameter_names else []
            response["headers"] = {
                **response.get("headers", {}),
                **_refer_to_headers(*header_names),
            }
    statuses = [*_STATUSES_OF_EVERY_OPERATION]
    if "security" in operation:
        statuses += ["401", "403", "429"]
    if "{id}" in path:
        statuses += ["404"]
    if "requestBody" in operation:
        statuses += _STATUSES_WITH_BODY
    if operation["operationId"] == "post_batch":
        statuses += ["424"]
    if "If-None-Match" in parameter_names and method == "get":
        responses["304"] = {
            "description": "The reader has it.",
            "headers": _refer_to_headers("X-Request-ID", "ETag"),
        }
    if "If-Match" in parameter_names or method == "get":
        statuses += ["412"]
    for status in statuses:
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}


def _refer_to_headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
