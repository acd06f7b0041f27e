"""User-defined messages: what is accepted, in which order, and who is told."""
