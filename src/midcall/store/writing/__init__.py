"""Changes as statements: what each decision writes.

Invariants
- A change becomes the same statements wherever it stands in a commit; what it must not disturb
  (a settled message, another head of a lane) the statement itself spares.
- Statements are built once, when their module is imported; a commit only fills in values.
- Every record that is added and not replaced has a unique key: a second one fails the commit.
- A lane's row in ``lane_heads`` is its first pending entry, whatever order entries come and go in.
- Whatever settles a message says so in ``message_events`` and has its receipt sent, in the same
  commit, and once.
"""

from midcall.store.writing.building import Statement, Step
from midcall.store.writing.steps import steps

__all__ = ["Statement", "Step", "steps"]
