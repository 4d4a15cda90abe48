"""Makers of services for the tests of the contract."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.contract.service_under_test import Json, ServiceUnderTest

MakeService = Callable[[Json, Json], ServiceUnderTest]


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[MakeService]:
    """A maker of services, each with an empty record and the places and groups."""
    numbers = count()

    def make(places: Json, groups: Json) -> ServiceUnderTest:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return ServiceUnderTest(stack, folder, places, groups)

    with ExitStack() as stack:
        yield make
