"""flask-smorest adapted to this service; all deviations from the library are here."""

from collections.abc import Callable
from hashlib import sha256
from inspect import getdoc
from typing import Any, Final, TypeVar

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response, current_app, request

from schemas.entities import ParentReference
from schemas.enums import NamedEnum
from schemas.fields import (
    MAX_ID_LENGTH,
    SLUG_PATTERN,
    CommaList,
    EnumText,
    OpenEnumText,
    RepeatedParameter,
    unknown_field_message,
)
from schemas.problem import Problem
from schemas.report_in import EntityReference, ReportLink
from service.domain.errors import ErrorDetail
from service.http.preconditions import apply_preconditions
from service.http.problems import MEDIA_TYPE
from service.http.request_parsing import StrictParser, make_invalid_input_error, parse_query_string

View = TypeVar("View", bound=Callable[..., Any])

_TAKES_QUERY_ATTRIBUTE: Final = "takes_query"

SECURITY_SCHEMES: Final = {
    "key": {
        "type": "http",
        "scheme": "bearer",
    }
}


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint whose views reject unknown query parameters and send ETags."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Accept the arguments of the library's class."""
        super().__init__(*args, **kwargs)
        self.before_request(_refuse_unexpected_query)
        self.after_request(_add_etag)

    def arguments(
        self, schema: Any, *, location: str = "json", **kwargs: Any
    ) -> Callable[[View], View]:
        """Return the decorator that passes the parsed body or query to the view."""
        # One instance: webargs would make a new one of a class for every request.
        schema = schema() if isinstance(schema, type) else schema
        decorate: Callable[[View], View] = super().arguments(schema, location=location, **kwargs)

        def mark_and_decorate(view: View) -> View:
            parsing_view = decorate(view)
            if location == "query":
                setattr(parsing_view, _TAKES_QUERY_ATTRIBUTE, True)
            return parsing_view

        return mark_and_decorate

    def response(
        self, status_code: int, schema: Any = None, **kwargs: Any
    ) -> Callable[[View], View]:
        """Return the decorator that dumps the result of the view by the schema."""
        decorate: Callable[[View], View] = super().response(status_code, schema, **kwargs)
        return decorate

    def alt_response(self, status_code: int, **kwargs: Any) -> Callable[[View], View]:
        """Return the decorator that documents another response of the view."""
        decorate: Callable[[View], View] = super().alt_response(status_code, **kwargs)
        return decorate

    @staticmethod
    def doc(**kwargs: Any) -> Callable[[View], View]:
        """Return the decorator that adds to the documentation of the view."""
        decorate: Callable[[View], View] = flask_smorest.Blueprint.doc(**kwargs)
        return decorate

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Return the decorator that registers the view and documents it.

        The operationId is the name of the view, unless ``doc`` sets one.
        """
        decorate: Callable[[View], View] = super().route(rule, **options)

        def name_and_decorate(view: View) -> View:
            documented_view: Any = view
            documented_view._apidoc.setdefault("manual_doc", {}).setdefault(
                "operationId", view.__name__
            )
            return decorate(view)

        return name_and_decorate


class Api(flask_smorest.Api):  # type: ignore[misc]
    """The OpenAPI document, in which every error is a problem."""

    ERROR_SCHEMA = Problem

    def __init__(self, app: Flask, version: str) -> None:
        """Create the document; ``register_blueprint`` adds blueprints."""
        self._plugin = plugin = MarshmallowPlugin(
            schema_name_resolver=lambda schema: _schema_name_of(schema)
        )
        super().__init__(
            app,
            spec_kwargs={
                "title": "Casualty figures",
                "version": version,
                "openapi_version": "3.1.0",
                "marshmallow_plugin": plugin,
            },
        )
        self.spec.components.security_scheme("key", SECURITY_SCHEMES["key"])
        plugin.converter.add_attribute_function(_document_id_or_object)
        plugin.converter.add_attribute_function(_document_named_enum)
        plugin.converter.add_attribute_function(_document_repeated_sets)
        plugin.converter.add_parameter_attribute_function(_document_comma_list)

    def make_document(self) -> dict[str, Any]:
        """Return the OpenAPI document; schemas are described by the docstrings of their classes."""
        for (schema_class, *_), name in self._plugin.converter.refs.items():
            self.spec.components.schemas[name]["description"] = getdoc(schema_class)
        document: dict[str, Any] = self.spec.to_dict()
        return document

    def _register_error_handlers(self) -> None:
        """Leave errors to service.http.problems, which keeps headers such as Allow."""

    def _register_doc_blueprint(self) -> None:
        """Leave the document's address to service.api.docs."""

    def _register_pagination_header(self) -> None:
        """Leave out the library's header: a page has the link to the next one itself."""

    def _register_responses(self) -> None:
        """Document errors as problems; the library would call them application/json."""
        super()._register_responses()
        for response in self.spec.components.responses_lazy.values():
            if "content" in response:
                (schema,) = response["content"].values()
                response["content"] = {MEDIA_TYPE: schema}


def _schema_name_of(schema: Any) -> str:
    schema_class = schema if isinstance(schema, type) else type(schema)
    return str(schema_class.__name__).strip("_")


def _document_id_or_object(self: Any, field: Any, **kwargs: Any) -> dict[str, Any]:
    """Document a field that takes an id or an object."""
    if not isinstance(field, EntityReference | ParentReference | ReportLink):
        return {}
    id_schema = {"type": "string", "pattern": f"^{SLUG_PATTERN}$", "maxLength": MAX_ID_LENGTH}
    return {"anyOf": [id_schema, self.resolve_nested_schema(field.schema)]}


def _document_named_enum(self: Any, field: Any, ret: dict[str, Any], **kwargs: Any) -> Any:
    """Document a field of a named enum as a reference to the enum's component."""
    if not isinstance(field, EnumText | OpenEnumText):
        return {}
    enum: NamedEnum = field.enum
    if enum.name not in self.spec.components.schemas:
        self.spec.components.schema(enum.name, _describe_enum(enum))
    text_type = {"type": ret.pop("type")}
    ret.pop("enum", None)
    reference = {"$ref": f"#/components/schemas/{enum.name}"}
    if isinstance(field, OpenEnumText):
        return {"anyOf": [reference, text_type]}
    return {"anyOf": [reference, {"type": "null"}]} if field.allow_none else reference


def _describe_enum(enum: NamedEnum) -> dict[str, Any]:
    meanings = "\n".join(f"- `{value}`: {meaning}" for value, meaning in enum.meanings.items())
    return {
        "type": "string",
        "enum": list(enum.values),
        "description": f"{enum.description}\n\n{meanings}",
    }


def _document_repeated_sets(self: Any, field: Any, **kwargs: Any) -> dict[str, Any]:
    """Document a repeated parameter whose values are lists separated by commas."""
    if not isinstance(field, RepeatedParameter) or not isinstance(field.inner, CommaList):
        return {}
    outcomes: Any = field.inner.inner
    alternatives = "|".join(outcomes.enum.values)
    return {"items": {"type": "string", "pattern": f"^({alternatives})(,({alternatives}))*$"}}


def _document_comma_list(self: Any, field: Any, **kwargs: Any) -> dict[str, Any]:
    """Document a list parameter: generated clients repeat it, which is the same as commas."""
    return {"explode": True, "style": "form"} if isinstance(field, CommaList) else {}


def refuse_query() -> None:
    """Raise InvalidInputError if the request has any query parameter."""
    errors = tuple(
        ErrorDetail(name, unknown_field_message("parameter", ()))
        for name in parse_query_string(request, set())
    )
    if errors:
        raise make_invalid_input_error(errors)


def _refuse_unexpected_query() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, _TAKES_QUERY_ATTRIBUTE, False):
        refuse_query()


def compute_etag(data: bytes) -> str:
    """Return the strong ETag of a representation."""
    return sha256(data).hexdigest()[:32]


def _add_etag(response: Response) -> Response:
    """Add a strong ETag to a representation; answer 304 or 412 where a precondition demands it."""
    if request.method in ("GET", "HEAD"):
        response.vary.update(("Accept", "Authorization"))
    is_taggable = request.method in ("GET", "HEAD", "PUT") or "Location" in response.headers
    if is_taggable and response.status_code in (200, 201) and not response.is_streamed:
        if "ETag" not in response.headers:
            response.set_etag(compute_etag(response.get_data()))
        return apply_preconditions(response)
    return response
