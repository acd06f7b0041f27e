"""Calls: their states, the machine that moves them, and the service that keeps its promises."""
