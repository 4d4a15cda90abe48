"""The parameters of the pages that list things."""

from schemas.base import Parameters
from schemas.number_fields import IntegerParameter
from service.domain.vocabulary import MAX_COUNT


class IndexParameters(Parameters):
    """How many items of the list are on the pages before."""

    start = IntegerParameter(minimum=0, maximum=MAX_COUNT, load_default=0)
