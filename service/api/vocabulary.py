"""The word lists over HTTP, and how a phrase would be read."""

from typing import Any

from schemas.wording import VocabularyOut, WordingIn, WordingOut
from service.domain.caveat_codes import CAVEATS, WARNINGS
from service.domain.errors import Invalid, invalid
from service.domain.vocabulary import OUTCOMES, STANCES, STATES, in_order
from service.domain.wording import reader
from service.http.auth import requires
from service.http.smorest import Blueprint

blueprint = Blueprint("words", __name__, url_prefix="/v1", description="Words and their meaning.")


@blueprint.route("/vocabulary")
@requires("read")
@blueprint.response(200, VocabularyOut)
def get_vocabulary() -> Any:
    """Show the outcomes, stances, states, caveat codes and the lexicon."""
    return {
        "outcomes": OUTCOMES,
        "stances": STANCES,
        "states": STATES,
        "caveats": CAVEATS,
        "warnings": WARNINGS,
        "lexicon": {"version": reader.LEXICON_VERSION, "rules": reader.describe()},
    }


@blueprint.route("/wording", methods=["POST"])
@requires("read")
@blueprint.arguments(WordingIn)
@blueprint.response(200, WordingOut)
def post_wording(sent: dict[str, str]) -> Any:
    """Tell how a phrase would be read, without recording anything."""
    try:
        reading = reader.read(sent["text"])
    except Invalid as error:
        raise invalid("/text", error.detail) from error
    return {
        "text": sent["text"],
        "low": reading.low,
        "high": reading.high,
        "soft": [end for end in ("low", "high") if end in reading.soft],
        "outcomes": None if reading.outcomes is None else in_order(reading.outcomes),
        "qualifier": reading.qualifier,
        "lexicon": reading.lexicon,
        "disclosed": reading.disclosed,
    }
