"""The dashboard: pages for people who look rather than read, made on the server.

It asks the use cases what any client could ask over HTTP, and shows ranges as ranges.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: "Flask") -> None:
    """Add the pages to the application."""
    from service.web.views import blueprint

    app.register_blueprint(blueprint)


def preload(app: "Flask") -> None:
    """Read every template and file now, which would keep the first reader of a page waiting."""
    from service.web.responses import assets

    assets.compute_version()
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
