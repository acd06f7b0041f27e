"""Web pages for people: so far, a phone."""
