"""The UDP sockets of this process, to see that none is left."""

import os
from pathlib import Path


def udp_sockets() -> set[str]:
    """Return the inodes of this process's open UDP sockets."""
    return _open_sockets() & _udp_inodes()


def _open_sockets() -> set[str]:
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:  # the one that listed the directory
            continue
        if target.startswith("socket:["):
            found.add(target[len("socket:[") : -1])
    return found


def _udp_inodes() -> set[str]:
    found = set()
    for table in ("udp", "udp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            found.add(line.split()[9])
    return found
