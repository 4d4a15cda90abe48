"""Print the total of two places together, as the generated client reads it."""

from datetime import date

from casualty_figures_client import Client
from casualty_figures_client.api.totals import get_totals
from casualty_figures_client.models import TotalsOut

client = Client(base_url="http://127.0.0.1:8000", raise_on_unexpected_status=True)
answer = get_totals.sync(
    client=client,
    place=["example-east", "example-north"],
    outcomes=["killed"],
    from_=date(2024, 3, 1),
    to=date(2024, 3, 31),
)
if not isinstance(answer, TotalsOut):
    raise SystemExit(f"not answered: {answer}")
for total in answer.totals:
    print(total.text, total.low, total.high, total.placed.low, total.placed.high)
