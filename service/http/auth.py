"""Who asks: API keys, sent as Authorization: Bearer KEY and in no other way."""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from service.domain.access import Principal
from service.domain.errors import ForbiddenError
from service.http import rate_limit
from service.http.context import now, parts
from service.store.interface import Store
from service.usecases import api_keys

View = TypeVar("View", bound=Callable[..., Any])


def requires(scope: str) -> Callable[[View], View]:
    """Return the decorator that lets a view run only for a key of the scope or a wider one.

    Where reading is open, "read" needs no key; a key that is sent must be a good one even so.
    It stands directly below the route, so that nothing is read from a stranger.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _admit(scope)
            return view(*args, **kwargs)

        documented: Any = guarded
        documented._apidoc = deepcopy(getattr(view, "_apidoc", {}))
        security: list[dict[str, list[str]]] = [{"key": []}]
        if scope == "read":
            security.append({})
        documented._apidoc.setdefault("manual_doc", {})["security"] = security
        return cast(View, guarded)

    return decorate


def holder() -> Principal | None:
    """Return whose key this request was sent with; None where it was sent without one."""
    held: Principal | None = g.get("key")
    return held


def actor() -> str | None:
    """Return the id of the key that this request was sent with."""
    held = holder()
    return held.id if held else None


def may(scope: str) -> bool:
    """Whether the key of this request may do what needs the scope."""
    held = holder()
    return held is not None and held.has_scope(scope)


def check_describes(kind: str, id: str) -> None:
    """Raise ForbiddenError where the key of this request is bound, and not to this reporter."""
    held = holder()
    if held is not None:
        held.check_can_describe(kind, id)


def _admit(scope: str) -> None:
    header = request.headers.get("Authorization")
    key = None if header is None else _sent(header, scope)
    rate_limit.check(key)
    if header is None:
        if scope == "read" and parts().settings.reading == "open":
            return
        raise _unauthorized("Send an API key: Authorization: Bearer KEY.")
    if key is None:
        raise _unauthorized(
            "The API key is not known, was revoked or has expired.", error="invalid_token"
        )
    g.key = key
    if not key.has_scope(scope):
        raise ForbiddenError(f"The key has the scope {key.scope}; this needs {scope}.")


def _sent(header: str, scope: str) -> Principal | None:
    """Return whose key stands in the header; None where it is none that is good.

    To read, a key may come as the password by which browsers sign in to a page. To write, never:
    a browser sends that one along with whatever another site makes it send.
    """
    scheme, _, token = header.partition(" ")
    password = request.authorization.password if request.authorization else None
    if scheme.lower() == "basic" and scope == "read" and password:
        token = password
    elif scheme.lower() != "bearer":
        return None
    return api_keys.holder(_keys(), token.strip(), now(), noted_in=parts().store)


def _keys() -> Store:
    """Return where keys are looked up: to read, they shall be known though no one can write."""
    return parts().readers if request.method in ("GET", "HEAD") else parts().store


def _unauthorized(detail: str, **values: str) -> Unauthorized:
    challenge = WWWAuthenticate("bearer", {"realm": "casualty figures", **values})
    return Unauthorized(detail, www_authenticate=challenge)
