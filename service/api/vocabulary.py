"""The routes of the vocabulary, and of how the lexicon reads a phrase."""

from typing import Any

from schemas.wording import VocabularyOut, WordingIn, WordingOut, dump_wording
from service.domain.caveat_codes import CAVEAT_MEANINGS, WARNING_CODES
from service.domain.errors import InvalidInputError, invalid_field
from service.domain.vocabulary import OUTCOMES, STANCES, STATES
from service.domain.wording import reader
from service.http.auth import requires
from service.http.smorest import Blueprint

blueprint = Blueprint(
    "words", __name__, url_prefix="/v1", description="The vocabulary and the lexicon."
)


@blueprint.route("/vocabulary")
@requires("read")
@blueprint.response(200, VocabularyOut, description="The vocabulary.")
def get_vocabulary() -> Any:
    """Get the outcomes, stances, states, caveat and warning codes, and the lexicon.

    They are the same in every state of the record, and change only with the version of the service.
    """
    return {
        "outcomes": OUTCOMES,
        "stances": STANCES,
        "states": STATES,
        "caveats": CAVEAT_MEANINGS,
        "warnings": WARNING_CODES,
        "lexicon": {"version": reader.LEXICON_VERSION, "rules": reader.describe_lexicon()},
        "earlier_lexicons": [
            {"version": lexicon.version, "rules": reader.describe_lexicon(lexicon)}
            for lexicon in reader.list_earlier_lexicons()
        ],
    }


@blueprint.route("/wording", methods=["POST"])
@requires("read")
@blueprint.arguments(WordingIn)
@blueprint.response(200, WordingOut, description="How the phrase is read.")
def post_wording(fields: dict[str, str]) -> Any:
    """Read a phrase with the lexicon, without recording anything.

    A phrase with words that the lexicon does not know is a 422 that names them.
    """
    try:
        reading = reader.read_wording(fields["text"])
    except InvalidInputError as error:
        raise invalid_field("/text", error.detail) from error
    return dump_wording(fields["text"], reading)
