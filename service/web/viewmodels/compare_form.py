"""The form of a comparison: what its fields show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.entities import Group
from service.domain.vocabulary import OUTCOMES
from service.http.consistency import get_reader
from service.web import day_words
from service.web.query.place_field import write_place_field
from service.web.viewmodels.base import list_group_tree


@dataclass(frozen=True, slots=True)
class CompareForm:
    """The fields of the form; ``errors`` are the details of wrong ones by their names."""

    parameters: Mapping[str, str]
    errors: Mapping[str, str]

    def show_place(self, name: str) -> str:
        """Return what the field of a place shows."""
        text = self.parameters.get(name, "")
        if name in self.errors or not text:
            return text
        return write_place_field(tuple(text.split(",")))

    def show_day(self, name: str) -> str:
        """Return what the field of a day shows: "30 June 2024"."""
        text = self.parameters.get(name, "")
        if name in self.errors or text.isdigit():
            return text
        try:
            return day_words.format_day(day_words.parse_day(text, "first"))
        except ValueError:
            return text

    def is_ticked(self, outcome: str) -> bool:
        """Whether the outcome is asked for."""
        return outcome in self.parameters.get("outcomes", "").split(",")

    @property
    def outcomes(self) -> Sequence[str]:
        """All outcomes."""
        return OUTCOMES

    @property
    def kept(self) -> Mapping[str, str]:
        """Parameters without a field of their own, which the form sends again."""
        names = ("reporter", "other_reporter", "exclude_reporter", "party", "straddling", "as_of")
        return {name: self.parameters[name] for name in names if name in self.parameters}

    @property
    def groups(self) -> list[tuple[Group, int]]:
        """All groups except the root, each with its depth, those below a group after it."""
        reader = get_reader()
        return list_group_tree(reader.load_snapshot(reader.seq))
