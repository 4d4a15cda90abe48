"""The field of a form in which people name places: by a name or by ids."""

from typing import Final

from service.domain.errors import invalid_field
from service.http.consistency import get_reader
from service.usecases.search import choose_places
from service.web.messages import plain_text

MAX_NAMED: Final = 5
"""How many places an error names, where several have the words in their names."""


def read_place_field(text: str, field: str = "place") -> str:
    """Return the ids that the text names, with commas between: ids, or one place by its name.

    Raises InvalidInputError for ``field`` if no place, or more than one, has this name.
    """
    reader = get_reader()
    state = reader.load_snapshot(reader.seq).state
    ids = [each.strip() for each in text.split(",") if each.strip()]
    if all(each in state.places or each in state.merged.get("place", {}) for each in ids):
        return ",".join(ids)
    matches = choose_places(reader, text)
    if not matches:
        raise invalid_field(field, plain_text("ask.not_found"))
    if len(matches) > 1:
        names = "; ".join(f"{place.name} ({place.id})" for place in matches[:MAX_NAMED])
        raise invalid_field(field, plain_text("ask.several_found", names=names))
    return matches[0].id


def write_place_field(place_ids: tuple[str, ...]) -> str:
    """Return what the field shows for these places: the name of one place, or ids.

    Reading it again gives the same places.
    """
    reader = get_reader()
    state = reader.load_snapshot(reader.seq).state
    if len(place_ids) == 1 and place_ids[0] in state.places:
        name = state.places[place_ids[0]].name
        matches = choose_places(reader, name)
        if name not in state.places and [each.id for each in matches] == [*place_ids]:
            return name
    return ",".join(place_ids)
