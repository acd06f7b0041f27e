"""What holds for every test."""

import os

from hypothesis import settings

# A machine that is busy with something else is no reason to fail. `make soak` wants more examples.
settings.register_profile(
    "midcall", deadline=None, max_examples=int(os.environ.get("SOAK_EXAMPLES", "50"))
)
settings.load_profile("midcall")
