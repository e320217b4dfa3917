"""Asks with a new key each time, as if each attempt were a new payment."""

import json
import os
import random
import time
import urllib.error
import urllib.request
import uuid
from typing import Iterator, NamedTuple

# Too early, too often, or a time-out: the same request may be granted later. Any other 4xx is an answer for good.
LATER = {408, 425, 429}
LONGEST_PAUSE = 2.0


class Answer(NamedTuple):
    status: int  # 0 where none came
    retry_after: float
    body: dict

    @property
    def is_final(self) -> bool:
        return 0 < self.status < 500 and self.status not in LATER


class BudgetSpent(Exception):
    """This run has retried as often as it may."""


class Api:
    def __init__(self) -> None:
        self.url = os.environ["PAYMENTS_URL"]
        self.timeout = float(os.environ.get("HTTP_TIMEOUT", "5"))
        self.first_pause = float(os.environ.get("RETRY_PAUSE", "1"))
        self.budget = int(os.environ.get("RETRY_BUDGET", "100"))

    def payments(self) -> Iterator[dict]:
        cursor = None
        while True:
            page = self.ask("GET", "/payments" if cursor is None else f"/payments?cursor={cursor}")
            yield from page.body["payments"]
            cursor = page.body["next"]
            if cursor is None:
                return

    def settle(self, payment: str) -> Answer:
        # The same key for the same payment, in every attempt and in every start: the server acts on it once.
        return self.ask("POST", f"/payments/{payment}/settle", key=f"settle-{payment}")

    def ask(self, method: str, path: str, key: str | None = None) -> Answer:
        pause = self.first_pause
        while True:
            answer = self.once(method, path, key)
            if answer.is_final:
                return answer
            if self.budget == 0:
                raise BudgetSpent(f"{method} {path}: {answer.status}")
            self.budget -= 1
            # Half of each pause is left to chance: clients that failed together must not come back together.
            time.sleep(max(answer.retry_after, pause * random.uniform(0.5, 1)))
            pause = min(2 * pause, LONGEST_PAUSE)

    def once(self, method: str, path: str, key: str | None) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": str(uuid.uuid4())}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                return Answer(response.status, 0, json.load(response))
        except urllib.error.HTTPError as error:
            return Answer(error.code, float(error.headers.get("Retry-After", "0")), {})
        except OSError:
            # No answer: whether the server has acted is unknown, and the key makes asking again safe.
            return Answer(0, 0, {})
