"""The stores of CAs that programs on this machine trust, and the development CA in them.

Two kinds: the system's, which takes files in a directory and a command, and the NSS databases of
browsers, which take `certutil`. Whatever cannot be done is an outcome that says what is missing; no
store keeps another one from being served.

- Only a CA that midcall made is ever put in: its name says so, and it may sign for the names that
  midcall replaces and for no others (see `certificates`).
- Taking out takes out every CA that midcall ever put in, those of other checkouts as well: one that
  is forgotten is worse than one that has to be put in again.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

RUN_SECONDS: Final = 60.0
"""How long one command may take: the system's reads every certificate that there is."""

NAME: Final = "midcall local CA "
"""How the name of every CA begins that midcall makes; a part of its key's name follows."""

_FILE: Final = "midcall-local-ca-"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# SSL servers, and nothing else: not mail, not code.
_TRUSTED_FOR: Final = "C,,"


class NotOurs(Exception):
    """The file is no CA that midcall made; the text says why."""


class Ran(NamedTuple):
    """How a command ended: its exit code, and all that it printed."""

    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the stores are, and how commands are run."""

    home: Path
    root: Path
    is_root: bool
    is_mac: bool
    find_program: Callable[[str], str | None]
    run: Callable[[Sequence[str]], Ran]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one store: whether it is as wanted now, and a sentence."""

    store: str
    done: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class _System:
    """A directory for CAs below the root, and what reads it."""

    system: str
    directory: str
    command: str
    after_removal: tuple[str, ...] = ()


_SYSTEMS: Final = (
    _System("Debian", "usr/local/share/ca-certificates", "update-ca-certificates", ("--fresh",)),
    _System("Fedora", "etc/pki/ca-trust/source/anchors", "update-ca-trust"),
    _System("openSUSE", "etc/pki/trust/anchors", "update-ca-certificates"),
)


def this_machine() -> Machine:
    """Return the machine that this runs on."""
    return Machine(
        home=Path.home(),
        root=Path("/"),
        is_root=os.geteuid() == 0,
        is_mac=sys.platform == "darwin",
        find_program=shutil.which,
        run=_run,
    )


def trust(ca: Path, machine: Machine) -> list[Outcome]:
    """Put a CA into every store. Raises ``NotOurs``, and ``OSError`` if it cannot be read."""
    name = _name_of(ca)
    return [
        _trust_in_system(ca, name, machine),
        *(_trust_in_database(ca, name, database, machine) for database in _databases(machine)),
    ]


def distrust(machine: Machine) -> list[Outcome]:
    """Take every CA that midcall put in out of every store."""
    return [
        _distrust_in_system(machine),
        *(
            _distrust_in_database(database, machine)
            for database in _databases(machine)
            if database.exists()
        ),
    ]


def _name_of(ca: Path) -> str:
    try:
        subject = x509.load_pem_x509_certificate(ca.read_bytes()).subject
    except ValueError as error:
        raise NotOurs(f"{ca} is not a certificate") from error
    names = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1 or not names[0].startswith(NAME):
        raise NotOurs(f"{ca} is not a CA that midcall made")
    return names[0]


# --- The system ----------------------------------------------------------------------------------


def _find_system(machine: Machine) -> _System | None:
    return next((one for one in _SYSTEMS if (machine.root / one.directory).is_dir()), None)


def _trust_in_system(ca: Path, name: str, machine: Machine) -> Outcome:
    system = _find_system(machine)
    if system is None:
        keychain = "-d -r trustRoot -k /Library/Keychains/System.keychain"
        quoted = shlex.quote(str(ca))
        return _no_system(machine, f"sudo security add-trusted-cert {keychain} {quoted}")
    store = f"the system ({system.system})"
    place = machine.root / system.directory / f"{_FILE}{name.removeprefix(NAME)}.crt"
    content = ca.read_bytes()
    if place.is_file() and place.read_bytes() == content:
        return Outcome(store, True, "trusts it already")
    if not machine.is_root:
        copy = shlex.join(["sudo", "install", "-m", "644", str(ca), str(place)])
        return Outcome(store, False, f"needs root: {copy} && sudo {system.command}")
    place.write_bytes(content)
    place.chmod(0o644)
    ran = _update(system, machine)
    if ran.code != 0:
        place.unlink()
        return Outcome(store, False, f"{system.command} failed: {_last_line(ran)}")
    return Outcome(store, True, "trusts it now")


def _distrust_in_system(machine: Machine) -> Outcome:
    system = _find_system(machine)
    if system is None:
        outcome = _no_system(machine, f"sudo security delete-certificate -t -c '{NAME.strip()}'")
        # Nothing was ever put there; a Mac's is the person's own doing.
        return replace(outcome, done=not machine.is_mac)
    store = f"the system ({system.system})"
    places = sorted((machine.root / system.directory).glob(f"{_FILE}*.crt"))
    if not places:
        return Outcome(store, True, "has none")
    if not machine.is_root:
        remove = shlex.join(["sudo", "rm", *map(str, places)])
        again = shlex.join([system.command, *system.after_removal])
        return Outcome(store, False, f"needs root: {remove} && sudo {again}")
    for place in places:
        place.unlink()
    ran = _update(system, machine, *system.after_removal)
    if ran.code != 0:
        return Outcome(store, False, f"{system.command} failed: {_last_line(ran)}")
    return Outcome(store, True, f"{len(places)} taken out")


def _no_system(machine: Machine, on_mac: str) -> Outcome:
    if machine.is_mac:
        return Outcome("the system (macOS)", False, f"is left to you: {on_mac}")
    return Outcome("the system", False, "has no store that midcall knows; programs need variables")


def _update(system: _System, machine: Machine, *options: str) -> Ran:
    program = machine.find_program(system.command)
    if program is None:
        return Ran(127, f"there is no {system.command}: install the package ca-certificates")
    return machine.run([program, *options])


# --- Browsers ------------------------------------------------------------------------------------


def _databases(machine: Machine) -> Iterator[Path]:
    """Yield the directories of NSS databases: those that are there, and Chromium's if it is."""
    home = machine.home
    # Chromium reads this one if it is there, and makes the next one for itself if it is not.
    chromium = home / ".pki/nssdb"
    others = [home / ".local/share/pki/nssdb", home / "snap/chromium/current/.pki/nssdb"]
    there = [place for place in (chromium, *others) if (place / "cert9.db").is_file()]
    if not there and any(machine.find_program(browser) for browser in _BROWSERS):
        there = [chromium]
    yield from there
    for firefox in (
        ".mozilla/firefox",
        ".config/mozilla/firefox",
        "snap/firefox/common/.mozilla/firefox",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
        "Library/Application Support/Firefox/Profiles",
    ):
        yield from sorted(file.parent for file in (home / firefox).glob("*/cert9.db"))


def _trust_in_database(ca: Path, name: str, database: Path, machine: Machine) -> Outcome:
    store = str(database)
    certutil = machine.find_program("certutil")
    if certutil is None:
        return _no_certutil(store)
    if not (database / "cert9.db").is_file():
        database.mkdir(parents=True, exist_ok=True, mode=0o700)
        machine.run([certutil, "-N", "--empty-password", "-d", f"sql:{database}"])
    if machine.run([certutil, "-L", "-d", f"sql:{database}", "-n", name]).code == 0:
        return Outcome(store, True, "trusts it already")
    put = [certutil, "-A", "-d", f"sql:{database}", "-t", _TRUSTED_FOR, "-n", name, "-i", str(ca)]
    # A database with a password would have it asked for on the terminal; an empty file says no.
    ran = machine.run([*put, "-f", os.devnull])
    if ran.code != 0:
        return Outcome(store, False, f"certutil failed: {_last_line(ran)}")
    return Outcome(store, True, "trusts it now; a browser that runs has to be started again")


def _distrust_in_database(database: Path, machine: Machine) -> Outcome:
    store = str(database)
    certutil = machine.find_program("certutil")
    if certutil is None:
        return _no_certutil(store)
    listed = machine.run([certutil, "-L", "-d", f"sql:{database}"])
    if listed.code != 0:
        return Outcome(store, False, f"certutil failed: {_last_line(listed)}")
    names = list(_ours(listed.output))
    for name in names:
        ran = machine.run([certutil, "-D", "-d", f"sql:{database}", "-f", os.devnull, "-n", name])
        if ran.code != 0:
            return Outcome(store, False, f"certutil failed: {_last_line(ran)}")
    return Outcome(store, True, f"{len(names)} taken out" if names else "has none")


def _ours(listing: str) -> Iterator[str]:
    """Read the names out of certutil's table: a name, blanks, and what it is trusted for."""
    for line in listing.splitlines():
        if line.startswith(NAME):
            yield line.rstrip().rpartition(" ")[0].rstrip()


def _no_certutil(store: str) -> Outcome:
    return Outcome(store, False, "needs certutil: install libnss3-tools (Debian) or nss-tools")


# --- Commands ------------------------------------------------------------------------------------


def _run(command: Sequence[str]) -> Ran:
    try:
        ended = subprocess.run(  # noqa: S603 - programs that are named above, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=RUN_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Ran(127, str(error))
    return Ran(ended.returncode, ended.stdout)


def _last_line(ran: Ran) -> str:
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {ran.code}"
