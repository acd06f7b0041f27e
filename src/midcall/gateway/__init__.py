"""Signalling: devices on WebSockets, and the legs that they hold on this node."""
