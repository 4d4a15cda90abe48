"""The blueprint of the pages, and what all their templates have."""

from typing import Any

from flask import Blueprint

from service.domain.wording.range_text import compact_range_text, format_count
from service.web import day_words, labels, messages
from service.web.charts.paints import inline_styles
from service.web.query.addresses import make_absolute
from service.web.query.page_query import find_root, link_to_page
from service.web.responses import assets, error_pages, headers

blueprint = Blueprint("web", __name__, template_folder="../templates")
blueprint.after_request(headers.finish_response)
blueprint.add_app_template_filter(inline_styles)
blueprint.add_app_template_filter(labels.capitalize, "capitalize_first")
error_pages.register(blueprint)


@blueprint.app_context_processor
def _make_template_context() -> dict[str, Any]:
    """Return the functions that every template has: messages, labels and addresses.

    All addresses are relative, so that pages work below any path of a proxy: ``root`` leads from
    the page to the index.
    """
    root = find_root()
    return {
        "t": messages.markup,
        "compact_range_text": compact_range_text,
        "format_count": format_count,
        "format_day": day_words.format_day,
        "format_moment": day_words.format_moment,
        "format_period": labels.format_period,
        "join_group_names": labels.join_group_names,
        "join_place_names": labels.join_place_names,
        "asset_address": lambda name: root + assets.make_address(name),
        "root": root,
        "absolute": make_absolute,
        "finder_messages": lambda: {
            name: messages.plain_text(f"find.{name}")
            for name in ("none", "short", "results", "hint")
        },
        "link": lambda page, **parameters: link_to_page(page, parameters, root),
    }
