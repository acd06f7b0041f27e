"""The forward proxy through which programs that were not changed find midcall."""
