"""The lines of a CSV of the API about its content: the question, the state, the address."""

from flask import request

from service.columns.record_state import RecordState
from service.exports.csv_writer import describe_state
from service.http.links import link_to, make_absolute
from service.http.request_parsing import list_parameters


def write_about(state: RecordState, *texts: str, pins_state: bool = True) -> list[str]:
    """Return the lines: the texts, the state of the record, and the address.

    The address gives the same answer again if it ``pins_state``: lists of entities have no states.
    """
    parameters = list_parameters(request)
    if pins_state:
        parameters = [each for each in parameters if each[0] != "as_of"]
        parameters.append(("as_of", str(state.seq)))
    address = make_absolute(link_to(request.path.removeprefix("/"), parameters))
    return [*texts, describe_state(state.seq, state.recorded_at), address]
