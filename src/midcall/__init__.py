"""midcall: a self-hosted server for messages in the middle of a call."""

__version__ = "0.1.0"
