"""The REST API, version 2010-04-01: a file a resource, behind one door.

``routes.routes(desk)`` is the way in.
"""
