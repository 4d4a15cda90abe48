import sys, random
from tests.bounds.relaxation.test_against_exact import *
from hypothesis import find


def show(case, limits):
    print(limits, case.query)
    for f in case.figures:
        print(
            "  ",
            f.id,
            f.reporter,
            f.scope.places,
            f.scope.period.start - 738885,
            f.scope.period.stop - 738885,
            sorted(f.scope.outcomes),
            f.scope.groups,
            f.scope.incident,
            f.quantity.low,
            f.quantity.high,
            f.reclassifies,
        )


seen = {}


@settings(
    max_examples=int(sys.argv[1]),
    deadline=None,
    database=None,
    phases=[__import__("hypothesis").Phase.generate],
)
@given(cases(max_size=int(sys.argv[2])), LIMITS)
def run(case, limits):
    try:
        relaxed, exact = compute_both(case, limits)
    except Exception as e:
        k = "error " + repr(e)[:60]
        if k not in seen or len(case.figures) < len(seen[k][0].figures):
            seen[k] = (case, limits, None, None)
        return
    if exact.low is None:
        return
    a = (relaxed.low, inf if relaxed.high is None else relaxed.high)
    b = (exact.low, inf if exact.high is None else exact.high)
    k = None
    if a[0] > b[0] or a[1] < b[1]:
        k = f"narrower disp {exact.is_disputed} rd {relaxed.is_disputed} re {relaxed.exact}"
    elif relaxed.exact and (a != b or relaxed.is_disputed != exact.is_disputed):
        k = f"exact but not equal disp {exact.is_disputed} rd {relaxed.is_disputed}"
    elif sum_terms(relaxed.low_terms) != relaxed.low and not relaxed.low_roundings:
        k = "terms"
    elif (
        relaxed.high is not None
        and sum_terms(relaxed.high_terms) != relaxed.high
        and not relaxed.high_roundings
    ):
        k = "hterms"
    if k:
        n = seen.get(k, (None,) * 5)
        if n[0] is None or len(case.figures) < len(n[0].figures):
            seen[k] = (case, limits, a, b)
        cnt[k] = cnt.get(k, 0) + 1
    else:
        k2 = f"ok equal {a == b} disp {exact.is_disputed} {relaxed.is_disputed} ex {relaxed.exact}"
        cnt[k2] = cnt.get(k2, 0) + 1


cnt = {}
run()
print(cnt)
for k, (c, l, a, b) in seen.items():
    print("==", k, a, b)
    show(c, l)
