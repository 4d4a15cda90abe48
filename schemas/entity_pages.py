"""The parameters of the pages of places, reporters and incidents, and of searches."""

from schemas.base import Parameters
from schemas.fields import OneOf, Slug
from schemas.number_fields import IntegerParameter
from schemas.text_fields import Line
from service.domain.vocabulary import MAX_COUNT


class PlacesParameters(Parameters):
    """A place whose parts are listed, or words of a search; how many are on the pages before."""

    place = Slug(load_default=None)
    words = Line(load_default="")
    start = IntegerParameter(minimum=0, maximum=MAX_COUNT, load_default=0)


class SearchParameters(Parameters):
    """The words of a search."""

    words = Line(load_default="")


class SuggestionParameters(SearchParameters):
    """The words of a search, and the one kind of things that it is for; None: all of them."""

    kind = OneOf(("place", "group", "reporter"), load_default=None)


class IncidentParameters(Parameters):
    """The page of an incident has no parameters."""
