"""The parameters of the pages of places, reporters and incidents, and of the search."""

from schemas.base import Parameters
from schemas.fields import Slug
from schemas.number_fields import IntegerParameter
from schemas.text_fields import Line
from service.domain.vocabulary import MAX_COUNT


class PlacesParameters(Parameters):
    """A place whose parts are listed, and how many of them are on the pages before."""

    place = Slug(load_default=None)
    start = IntegerParameter(minimum=0, maximum=MAX_COUNT, load_default=0)


class SearchParameters(Parameters):
    """The words of a search."""

    words = Line(load_default="")


class IncidentParameters(Parameters):
    """The page of an incident has no parameters."""
