"""Counts working days again, knowing nothing of the gateway: `python recount.py 2025-01-20 7` prints each of them.

The days are from the State Council's notices 国办发明电〔2024〕12号 (2025) and 国办发明电〔2025〕7号 (2026).
"""

import sys
from datetime import date, timedelta

OFF = [
    ("2025-01-01", 1), ("2025-01-28", 8), ("2025-04-04", 3), ("2025-05-01", 5), ("2025-05-31", 3), ("2025-10-01", 8),
    ("2026-01-01", 3), ("2026-02-15", 9), ("2026-04-04", 3), ("2026-05-01", 5), ("2026-06-19", 3), ("2026-09-25", 3),
    ("2026-10-01", 7),
]  # fmt: skip
WORKED = (
    "2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11 "
    "2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"
)
OFF_DAYS = {date.fromisoformat(first) + timedelta(i) for first, length in OFF for i in range(length)}
WORKED_DAYS = {date.fromisoformat(day) for day in WORKED.split()}


def recount(start: date, number: int) -> list[date]:
    days: list[date] = []
    day = start
    while len(days) < number:
        day += timedelta(1)
        if day in WORKED_DAYS or (day.isoweekday() <= 5 and day not in OFF_DAYS):
            days.append(day)
    return days


if __name__ == "__main__":
    for i, one in enumerate(recount(date.fromisoformat(sys.argv[1]), int(sys.argv[2])), 1):
        print(i, one)
