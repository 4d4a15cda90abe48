"""The colours and strokes of charts saved as files, read from the style sheet of the pages.

On a page, ``charts.css`` styles the elements of a chart by their classes. A file has no style sheet
beside it, and many programs that show SVG ignore style elements or variables. So each element of a
file has the declarations of its class as attributes, with the colours of the light theme.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

STYLE_SHEET: Final = Path(__file__).parent.parent / "assets" / "charts.css"

FILE_VARIABLES: Final = {"--chart-ground": "#ffffff"}
"""Variables that differ in files: their ground is white, as paper is."""

FILE_RULES: Final = {
    "chart-ground": "fill: var(--chart-ground)",
    "chart-title": "fill: var(--chart-ink); font-weight: 600",
    "chart-strong": "fill: var(--chart-ink); font-weight: 600",
    "chart-ink": "fill: var(--chart-ink)",
    "chart-quiet": "fill: var(--chart-quiet)",
}
"""The declarations of classes that differ in files: the ground and the roles of text."""

_VARIABLE: Final = re.compile(r"(--chart-[\w-]+): (#\w+);")
_RULE: Final = re.compile(r"^\.(chart-[\w-]+) \{([^}]*)\}", re.MULTILINE)
_DECLARATION: Final = re.compile(
    r"\b(fill(?:-opacity)?|stroke(?:-[a-z]+)*|stop-(?:color|opacity)|font-(?:size|weight)|paint-order)"
    r": ([^;}]+)"
)
"""A declaration that is an attribute of SVG as well."""


def inline_styles(svg: str) -> Markup:
    """Return the SVG with the attributes of each class in place of the class.

    Raises KeyError for a class that the style sheet does not have. The SVG is the output of a
    template, in which ``class="`` cannot be part of a text.
    """
    return Markup(re.sub(r'class="([^"]*)"', _attributes_of_match, svg))  # noqa: S704 - escaped before


def _attributes_of_match(match: re.Match[str]) -> str:
    attributes = _load_attributes()
    return " ".join(attributes[name] for name in match[1].split())


@cache
def _load_attributes() -> dict[str, str]:
    """Return the attributes of every class."""
    style_sheet = STYLE_SHEET.read_text(encoding="utf-8")
    light_theme = style_sheet.partition("@media")[0]
    variables = dict(_VARIABLE.findall(light_theme)) | FILE_VARIABLES
    rules = dict(_RULE.findall(style_sheet)) | FILE_RULES
    return {name: _to_attributes(rule, variables) for name, rule in rules.items()}


def _to_attributes(rule: str, variables: dict[str, str]) -> str:
    return " ".join(
        f'{name}="{re.sub(r"var[(]([^)]+)[)]", lambda match: variables[match[1]], value.strip())}"'
        for name, value in _DECLARATION.findall(rule)
    )
