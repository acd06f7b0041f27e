"""Decisions: pure functions and the ports through which their effects leave."""
