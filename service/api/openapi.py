"""What the OpenAPI document states of all operations alike: statuses, headers and examples.

flask-smorest writes down what each view takes and answers. The rest follows from rules for all
operations and is added here when every route is registered.
"""

from typing import Any, Final

from service.api.openapi_examples import BODY_EXAMPLES, ID_EXAMPLES, PARAMETER_EXAMPLES
from service.api.openapi_texts import INTRODUCTION, SECURITY_DESCRIPTION
from service.http.consistency import MIN_SEQ_HEADER
from service.http.idempotency import HEADER_PARAMETER
from service.http.problems import MEDIA_TYPE

IDEMPOTENT_OPERATIONS: Final = ("post_report", "post_batch", "post_retraction", "post_redaction")
"""The operations that take an idempotency key."""

PATHS_WITHOUT_RECORD: Final = ("/v1/vocabulary",)

DOCUMENTED_METHODS: Final = frozenset({"get", "put", "post"})

LICENSE: Final = {"name": "MIT", "identifier": "MIT"}

CONTACT: Final = {"name": "The operator of this service"}
"""Whoever runs the service; the project itself cannot know an address."""

SERVERS: Final = (
    {
        "url": "..",
        "description": "The service that this document comes from. The URL is relative to the "
        "address of the document, so it also holds below a path of a reverse proxy.",
    },
)

_NON_NEGATIVE_INTEGER: Final = {"type": "integer", "minimum": 0}
_STRING: Final = {"type": "string"}

RESPONSE_HEADERS: Final[dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The id of the request in the log: the one that was sent in this header, or "
        "a new one.",
        "schema": _STRING,
    },
    "Casualty-Seq": {
        "description": "The answer holds every event of the event log up to this `seq`.",
        "schema": _NON_NEGATIVE_INTEGER,
    },
    "ETag": {
        "description": "The strong entity tag of the answer, for `If-None-Match` and `If-Match`.",
        "schema": _STRING,
    },
    "Location": {
        "description": "A link to the recorded report, relative to the address of the request.",
        "schema": _STRING,
    },
    "Idempotent-Replayed": {
        "description": "`true` if the answer was given before, to a request with the same "
        "`Idempotency-Key`; else the header is left out.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "The seconds after which the request can be repeated.",
        "schema": _NON_NEGATIVE_INTEGER,
    },
    "WWW-Authenticate": {
        "description": "The authentication scheme (`Bearer`), and why a key was rejected.",
        "schema": _STRING,
    },
    "Allow": {"description": "The methods of this address.", "schema": _STRING},
    "RateLimit": {
        "description": "The remaining requests (`r`) and the seconds until the count starts again "
        "(`t`). Only if rates are limited.",
        "schema": _STRING,
    },
    "RateLimit-Policy": {
        "description": "The allowed requests (`q`) in a window of seconds (`w`). Only if rates are "
        "limited.",
        "schema": _STRING,
    },
}

ERROR_RESPONSES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "400": ("The body or the query string cannot be parsed.", ()),
    "401": (
        "An API key is required, or the one that was sent is unknown, revoked or expired.",
        ("WWW-Authenticate",),
    ),
    "403": ("The scope or the reporters of the API key do not allow the request.", ()),
    "404": ("There is nothing at this address, or no entity or report with this id.", ()),
    "405": ("The address does not have this method.", ("Allow",)),
    "409": ("The request contradicts what is recorded; `errors` names the fields.", ()),
    "412": ("A precondition (`If-Match`, `If-None-Match`) does not hold.", ()),
    "413": ("The body is too large.", ()),
    "414": ("The address is too long.", ()),
    "415": ("The `Content-Type` is not accepted, or the body has a `Content-Encoding`.", ()),
    "422": ("The request was parsed and is invalid; `errors` names the fields.", ()),
    "424": ("Not recorded because another report of the atomic batch was rejected.", ()),
    "429": ("The rate limit was exceeded.", ("Retry-After",)),
    "431": ("The headers of the request are too large.", ()),
    "503": (
        "The service cannot answer now: it is busy, is stopping, lags behind, ran out of time, or "
        "cannot reach its database.",
        ("Retry-After",),
    ),
}

_STATUSES_OF_EVERY_OPERATION: Final = ("400", "405", "414", "422", "431", "503")
_STATUSES_WITH_BODY: Final = ("409", "413", "415")

_IF_MATCH_PARAMETER: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` that you have seen, or several, or `*` for any. If the entity has "
    "another one by now or does not exist, the answer is 412 and nothing changes.",
    "schema": _STRING,
}
_IF_NONE_MATCH_PARAMETER: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of the answer that you have. If it is still the same, the answer is "
    "304 without a body.",
    "schema": _STRING,
}
_IF_NONE_MATCH_DESCRIPTION_OF_PUT: Final = (
    "`*` only creates: if the entity exists, the answer is 412."
)
_MIN_SEQ_PARAMETER: Final = {
    "name": MIN_SEQ_HEADER,
    "in": "header",
    "description": "A `seq`: the answer must hold every event up to it. The service waits up to 2 "
    "seconds for it; else the answer is 503.",
    "schema": _STRING,
}


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with what holds for every operation; it is changed in place."""
    document["info"] |= {"description": INTRODUCTION, "license": LICENSE, "contact": CONTACT}
    document["servers"] = [*SERVERS]
    components = document["components"]
    components["headers"] = RESPONSE_HEADERS
    for status, (description, headers) in ERROR_RESPONSES.items():
        components["responses"][f"Problem{status}"] = {
            "description": description,
            "headers": _refer_to_headers("X-Request-ID", *headers),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    components["securitySchemes"]["key"]["description"] = SECURITY_DESCRIPTION
    components["responses"]["DEFAULT_ERROR"]["description"] = "Any other error, as a problem."
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", ()):
            plural = path.split("/")[2]
            parameter.setdefault("description", f"The id of the {plural.removesuffix('s')}.")
            parameter["example"] = ID_EXAMPLES[plural]
        for method in DOCUMENTED_METHODS & set(item):
            _complete_operation(path, method, item[method])
    # flask-smorest's own response is not used.
    components["responses"].pop("UNPROCESSABLE_ENTITY", None)
    return document


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    operation_id = operation["operationId"]
    # Stated, because a missing list would leave open whether a key is needed.
    operation.setdefault("security", [])
    parameters = operation.setdefault("parameters", [])
    if operation_id in IDEMPOTENT_OPERATIONS:
        parameters.append(dict(HEADER_PARAMETER))
    if path.startswith("/v1/"):
        if method in ("get", "put"):
            parameters.append(dict(_IF_NONE_MATCH_PARAMETER))
        if method == "get" and path not in PATHS_WITHOUT_RECORD:
            parameters.append(dict(_MIN_SEQ_PARAMETER))
        if method == "put":
            parameters[-1]["description"] = _IF_NONE_MATCH_DESCRIPTION_OF_PUT
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
    if operation["security"]:
        statuses += ["401", "403", "429"]
    if "{id}" in path:
        statuses += ["404"]
    if "requestBody" in operation:
        statuses += _STATUSES_WITH_BODY
    if operation["operationId"] == "post_batch":
        statuses += ["424"]
    if "If-None-Match" in parameter_names and method == "get":
        responses["304"] = {
            "description": "The answer with the `ETag` in `If-None-Match` is still current.",
            "headers": _refer_to_headers("X-Request-ID", "ETag"),
        }
    if "If-Match" in parameter_names or method == "get":
        statuses += ["412"]
    for status in statuses:
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}


def _refer_to_headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
