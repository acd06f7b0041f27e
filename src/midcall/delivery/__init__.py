"""Everything that leaves over HTTP: callbacks, TwiML requests, and the guard that both pass."""
