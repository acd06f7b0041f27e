"""The kinds of timers of a family. A timer is named by its kind and whom it concerns."""

from typing import Final

RING: Final = "ring"
"""Nobody accepted in time: of a call that we made, or of a parent's ``<Dial>``. Keyed by leg."""

ANSWER: Final = "answer"
"""A simulated party answers. Keyed by leg."""

LIMIT: Final = "limit"
"""A leg lasted as long as it may. Keyed by leg."""

PAUSE: Final = "pause"
"""``<Pause>`` is over. Keyed by leg."""

QUIET: Final = "quiet"
"""A ``<Pause>`` among the prompts of ``<Gather>`` is over. Keyed by leg."""

GATHER: Final = "gather"
"""No further key was pressed. Keyed by leg."""

AWAY: Final = "away"
"""A device did not come back. Keyed by device."""
