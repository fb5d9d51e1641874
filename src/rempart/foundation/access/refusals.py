"""Why a service refuses; the site turns each into one answer."""

import math
from datetime import timedelta


class NotAllowed(Exception):
    """The actor may not do this, or not here; the answer never says whether the thing exists."""


class RightsClosed(NotAllowed):
    """The account lacks what its rights need (a training, a day within its time): its page says what to do."""


class StaleVersion(Exception):
    """Somebody changed the thing since the actor saw it."""


class TooMany(Exception):
    """The actor, or the network he comes from, did this too often for now; `wait` says for how long."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too many")
        self.wait = wait

    @property
    def seconds(self) -> int:
        """Whole seconds to wait, at least one: what Retry-After says."""
        return max(1, math.ceil(self.wait.total_seconds()))
