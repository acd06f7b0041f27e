"""Adapters that keep everything: SQLite behind the ``Store`` port."""
