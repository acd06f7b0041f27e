"""midcall, except that a device may stay away for a second only after the server was away.

Run as a program. It is for the end of the crash suite, when nobody comes back any more: what
happens to the calls that are left is the same after a second as after a minute.
"""

from importlib import import_module

from midcall.core import limits

limits.RESTORED_AWAY_SECONDS = 1

if __name__ == "__main__":
    # Only now: whoever reads the limit reads it when it is imported.
    import_module("midcall.cli.main").main()
