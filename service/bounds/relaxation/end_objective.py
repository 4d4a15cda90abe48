"""What is searched for one end of a total."""

from typing import NamedTuple

from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.record_world import RecordWorld
from service.bounds.relaxation.shapes import Window
from service.bounds.relaxation.special_components import Accounts
from service.domain.total import End


class EndObjective(NamedTuple):
    """The fewest or the most people of a query in the worlds of some accounts.

    ``window`` has the places and days of the query; ``world`` is a world of the accounts.
    """

    query: QueryFigures
    world: RecordWorld
    window: Window
    end: End
    accounts: Accounts

    @property
    def sign(self) -> int:
        """1 if most people are searched for, -1 for the fewest."""
        return 1 if self.end == "high" else -1
