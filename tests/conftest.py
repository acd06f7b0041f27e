"""What holds for every test."""

from hypothesis import settings

# A machine that is busy with something else is no reason to fail.
settings.register_profile("midcall", deadline=None)
settings.load_profile("midcall")
