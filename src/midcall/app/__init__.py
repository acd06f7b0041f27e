"""Settings, composition and life cycle: the floor where the rooms below are put together."""
