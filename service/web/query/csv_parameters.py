"""The parameters of the CSV of a page: those of the page, and how the CSV is written."""

from typing import Final

from schemas.csv_form import CsvForm, CsvFormParameters, pop_csv_form
from service.http.request_parsing import make_invalid_input_error
from service.web.query.page_query import load_parameters, read_parameters

CSV_LINK: Final = {"bom": "true", "about": "true"}
"""The form of the CSV to which pages link: it can be read by itself, also by spreadsheets."""


def read_csv_parameters() -> tuple[dict[str, str], CsvForm]:
    """Return the parameters of the page, and the form of its CSV; raises InvalidInputError."""
    parameters, errors = read_parameters()
    if errors:
        raise make_invalid_input_error(tuple(errors))
    named = {name: parameters.pop(name) for name in CSV_LINK if name in parameters}
    return parameters, pop_csv_form(load_parameters(CsvFormParameters(), named))
