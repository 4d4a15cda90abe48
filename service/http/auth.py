"""Authentication by API keys, sent as Authorization: Bearer KEY, and authorization by scopes."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g, request
from werkzeug.datastructures import Authorization, WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from service.domain.access import Principal
from service.domain.errors import ForbiddenError
from service.http import csrf, rate_limit
from service.http.context import Services, get_services, request_time
from service.store.interface import Store
from service.usecases import api_keys

View = TypeVar("View", bound=Callable[..., Any])


def requires(scope: str) -> Callable[[View], View]:
    """Return the decorator that requires an API key of the scope, or of one that includes it.

    If reading is open, "read" needs no key; a key that is sent must be valid even then. The
    decorator is directly below the route, so that nothing else is read from an unknown client.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            _authorize(scope)
            return view(*args, **kwargs)

        documented_view: Any = wrapper
        documented_view._apidoc = deepcopy(getattr(view, "_apidoc", {}))
        security: list[dict[str, list[str]]] = [{"key": []}]
        if scope == "read":
            security.append({})
        documented_view._apidoc.setdefault("manual_doc", {})["security"] = security
        return cast(View, wrapper)

    return decorate


def get_principal() -> Principal | None:
    """Return the principal of this request's API key; None without a key."""
    principal: Principal | None = g.get("principal")
    return principal


def get_key_id() -> str | None:
    """Return the id of this request's API key; None without a key."""
    principal = get_principal()
    return principal.id if principal else None


def has_scope(scope: str) -> bool:
    """Whether this request has a key whose scope includes ``scope``."""
    principal = get_principal()
    return principal is not None and principal.has_scope(scope)


def check_can_describe(kind: str, entity_id: str) -> None:
    """Raise ForbiddenError if this request's key is bound to other reporters."""
    principal = get_principal()
    if principal is not None:
        principal.check_can_describe(kind, entity_id)


def _authorize(scope: str) -> None:
    header = request.headers.get("Authorization")
    principal = (
        None
        if header is None
        else find_principal(get_services(), header, scope, _get_key_store(), request_time())
    )
    rate_limit.check_rate_limit(principal)
    if header is None:
        if scope == "read" and get_services().settings.reading == "open":
            return
        raise _make_unauthorized_error("Send an API key: Authorization: Bearer KEY.")
    if principal is None:
        raise _make_unauthorized_error(
            "The API key is unknown, revoked or expired.", error="invalid_token"
        )
    g.principal = principal
    if not principal.has_scope(scope):
        raise ForbiddenError(f"The key has the scope {principal.scope}; this needs {scope}.")


def find_principal(
    services: Services, header: str, scope: str, key_store: Store, now: datetime
) -> Principal | None:
    """Return the principal of the key in the Authorization header; None if the key is not valid.

    A key may be the password of HTTP Basic, by which browsers sign in, as far as the rule against
    CSRF allows it for the scope. The key is looked up in ``key_store``.
    """
    scheme, _, token = header.partition(" ")
    authorization = Authorization.from_header(header)
    password = authorization.password if authorization else None
    if scheme.lower() == "basic" and password and csrf.allows_browser_password(scope):
        token = password
    elif scheme.lower() != "bearer":
        return None
    return api_keys.authenticate(key_store, token.strip(), now, use_noted_in=services.store)


def _get_key_store() -> Store:
    """Return the store to look keys up in: reads must work while the primary is down."""
    return get_services().read_store if request.method in ("GET", "HEAD") else get_services().store


def _make_unauthorized_error(detail: str, **parameters: str) -> Unauthorized:
    challenge = WWWAuthenticate("bearer", {"realm": "casualty figures", **parameters})
    return Unauthorized(detail, www_authenticate=challenge)
