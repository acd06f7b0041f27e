"""The codecs: text of the outside world to nouns of the model and back. Nothing here decides."""
