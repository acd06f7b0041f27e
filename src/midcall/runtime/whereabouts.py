"""Where an error came from, for logs that must not show what it was about.

An error's text, and the values in its traceback, may be a customer's content or a secret. Its type
and its place in the source are neither.
"""

import traceback
from pathlib import PurePath


def whereabouts(error: BaseException) -> str:
    """Name the type of an error and the innermost place that raised it: ``KeyError at x.py:7``."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    return f"{type(error).__name__} at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}"
