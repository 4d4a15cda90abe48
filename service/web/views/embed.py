"""One chart alone, for a frame in another page, and the code of such a frame."""

from flask import Response, render_template

from service.http.auth import requires
from service.http.context import request_time
from service.web.query.page_query import parse_page_query
from service.web.responses.headers import CONTENT_SECURITY_POLICY
from service.web.viewmodels.chart_file import select_chart
from service.web.viewmodels.embed_code import EmbedCode
from service.web.viewmodels.place_page import PlacePage
from service.web.views.blueprint import blueprint


@blueprint.get("/embed")
@requires("read")
def show_embed() -> str:
    """Show one chart with its caveats, for a frame in another page."""
    page_query = parse_page_query(request_time())
    view = PlacePage(page_query)
    return render_template(
        "embed.html", view=view, page_query=page_query, selected_chart=select_chart(view)
    )


@blueprint.get("/embed/code")
@requires("read")
def show_embed_code() -> Response:
    """Show the frame as other pages show it, with the code to copy."""
    code = EmbedCode(PlacePage(parse_page_query(request_time())))
    response = Response(render_template("embed_code.html", code=code, view=code.view))
    policy = CONTENT_SECURITY_POLICY.format(framed="'none'")
    response.headers["Content-Security-Policy"] = f"{policy}; frame-src 'self'"
    return response
