"""The dashboard: HTML pages rendered on the server.

It calls the same use cases as the API, and shows every total as a range.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: "Flask") -> None:
    """Register the pages in the application."""
    from service.web.views import blueprint

    app.register_blueprint(blueprint)


def preload(app: "Flask") -> None:
    """Compile all templates and hash all assets, so that the first request does not wait for it."""
    from service.web.responses import assets

    assets.compute_version()
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
