"""Why a service refuses; the site turns each into one answer."""


class NotAllowed(Exception):
    """The actor may not do this, or not here; the answer never says whether the thing exists."""


class StaleVersion(Exception):
    """Somebody changed the thing since the actor saw it."""
