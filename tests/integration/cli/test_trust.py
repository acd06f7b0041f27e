"""``midcall trust``: each store's decision, and real stores in a temporary home."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from midcall.app.certificates import ensure_certificates
from midcall.app.settings import Settings
from midcall.app.trust_stores import (
    NAME,
    Machine,
    NotOurs,
    Outcome,
    Ran,
    distrust,
    this_machine,
    trust,
)
from midcall.cli.refusing import Refused
from midcall.cli.trust import show_trust

DEBIAN = "usr/local/share/ca-certificates"
CERTUTIL = shutil.which("certutil")
UPDATE = shutil.which("update-ca-certificates")


class Programs:
    """Programs that are there, and what was run; each run ends as it was told to."""

    def __init__(self) -> None:
        self.there = {"update-ca-certificates"}
        self.ran: list[list[str]] = []
        self.ending = Ran(0, "")

    def find(self, name: str) -> str | None:
        return f"/bin/{name}" if name in self.there else None

    def run(self, command: Sequence[str]) -> Ran:
        self.ran.append(list(command))
        return self.ending


@pytest.fixture
def programs() -> Programs:
    """Give a machine's programs."""
    return Programs()


@pytest.fixture
def machine(tmp_path: Path, programs: Programs) -> Machine:
    """Give a Debian machine of its own, used by root."""
    (tmp_path / "root" / DEBIAN).mkdir(parents=True)
    (tmp_path / "home").mkdir()
    return Machine(
        home=tmp_path / "home",
        root=tmp_path / "root",
        is_root=True,
        is_mac=False,
        find_program=programs.find,
        run=programs.run,
    )


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    """Give a CA that midcall made."""
    return make_ca(tmp_path / "midcall-tls")


def make_ca(directory: Path) -> Path:
    """Make a CA."""
    return ensure_certificates(directory, public_host="localhost", now=datetime.now(UTC)).ca


def only(outcomes: list[Outcome]) -> Outcome:
    """Return the one outcome that there is."""
    (outcome,) = outcomes
    return outcome


# --- the system


def test_root_puts_it_into_the_system_and_out_again(
    machine: Machine, programs: Programs, ca: Path
) -> None:
    """The CA's file appears and goes, and the system's command reads the directory each time."""
    assert only(trust(ca, machine)).done
    (file,) = (machine.root / DEBIAN).iterdir()
    assert file.suffix == ".crt"  # update-ca-certificates reads no others.
    assert file.read_bytes() == ca.read_bytes()
    assert only(trust(ca, machine)).sentence == "trusts it already"
    assert only(distrust(machine)) == Outcome("the system (Debian)", True, "1 taken out")
    assert not file.exists()
    assert only(distrust(machine)).sentence == "has none"
    program = "/bin/update-ca-certificates"
    assert programs.ran == [[program], [program, "--fresh"]]


def test_others_are_told_what_root_would_do(machine: Machine, programs: Programs, ca: Path) -> None:
    """Without root nothing is touched, and the outcome is a command to paste."""
    outcome = only(trust(ca, replace(machine, is_root=False)))
    assert not outcome.done
    assert "sudo install -m 644" in outcome.sentence
    assert str(ca) in outcome.sentence
    assert list((machine.root / DEBIAN).iterdir()) == []
    trust(ca, machine)
    outcome = only(distrust(replace(machine, is_root=False)))
    assert not outcome.done
    assert "sudo rm" in outcome.sentence
    assert len(list((machine.root / DEBIAN).iterdir())) == 1


def test_a_command_that_fails_leaves_no_file(
    machine: Machine, programs: Programs, ca: Path
) -> None:
    """What the system did not take is not left lying for the next time that it looks."""
    programs.ending = Ran(1, "reading\nno room\n")
    assert only(trust(ca, machine)) == Outcome(
        "the system (Debian)", False, "update-ca-certificates failed: no room"
    )
    assert list((machine.root / DEBIAN).iterdir()) == []
    programs.there.clear()
    assert "install the package ca-certificates" in only(trust(ca, machine)).sentence


def test_a_system_that_is_not_known_is_said(machine: Machine, ca: Path, tmp_path: Path) -> None:
    """Where midcall knows no store it does not pretend; macOS gets a command."""
    unknown = replace(machine, root=tmp_path / "elsewhere")
    assert not only(trust(ca, unknown)).done
    assert "security add-trusted-cert" in only(trust(ca, replace(unknown, is_mac=True))).sentence
    assert only(distrust(unknown)).done
    assert "security delete-certificate" in only(distrust(replace(unknown, is_mac=True))).sentence


def test_only_what_midcall_made_is_ever_trusted(machine: Machine, tmp_path: Path) -> None:
    """A certificate of somebody else, or none, goes nowhere."""
    made = ensure_certificates(tmp_path / "tls", public_host="localhost", now=datetime.now(UTC))
    with pytest.raises(NotOurs, match="not a CA that midcall made"):
        trust(made.certificate, machine)
    made.ca.write_text("hello")
    with pytest.raises(NotOurs, match="not a certificate"):
        trust(made.ca, machine)
    assert list((machine.root / DEBIAN).iterdir()) == []


def test_the_name_of_a_ca_is_the_one_that_is_looked_for(ca: Path, machine: Machine) -> None:
    """The CAs that the server makes have the name by which they are taken out again."""
    trust(ca, machine)
    (file,) = (machine.root / DEBIAN).iterdir()
    assert file.stem.startswith(NAME.strip().lower().replace(" ", "-"))


# --- browsers


def test_a_missing_certutil_is_named_for_each_database(machine: Machine, ca: Path) -> None:
    """The databases that are there are found, and the package that is missing is said."""
    for place in (
        ".pki/nssdb",
        ".mozilla/firefox/x.default",
        "snap/firefox/common/.mozilla/firefox/y",
    ):
        (machine.home / place).mkdir(parents=True)
        (machine.home / place / "cert9.db").touch()
    _, *databases = trust(ca, machine)
    assert len(databases) == 3
    for outcome in databases:
        assert not outcome.done
        assert "libnss3-tools" in outcome.sentence
    assert all(not outcome.done for outcome in distrust(machine)[1:])


def test_chromium_gets_a_database_before_it_has_one(
    machine: Machine, programs: Programs, ca: Path
) -> None:
    """Where Chromium is installed and never ran, its database is made; without it nothing is."""
    programs.there |= {"certutil"}
    assert len(trust(ca, machine)) == 1
    programs.there |= {"chromium"}
    trust(ca, machine)
    assert (machine.home / ".pki/nssdb").stat().st_mode & 0o777 == 0o700
    assert any("-N" in command for command in programs.ran)


@pytest.fixture
def real(machine: Machine) -> Machine:
    """Give a machine with the real certutil and a home without anything."""
    if CERTUTIL is None:
        pytest.skip("certutil is not installed (Debian: libnss3-tools)")
    found = {"certutil": CERTUTIL}  # And no browser, whatever this machine has.
    return replace(machine, find_program=found.get, run=this_machine().run)


def listed(database: Path) -> str:
    """Return what certutil lists."""
    assert CERTUTIL is not None
    return subprocess.run(
        [CERTUTIL, "-L", "-d", f"sql:{database}"], capture_output=True, text=True, check=True
    ).stdout


def make_database(home: Path, place: str, password: str = "") -> Path:
    """Make an NSS database as a browser does."""
    assert CERTUTIL is not None
    database = home / place
    database.mkdir(parents=True)
    secret = home / "password"
    secret.write_text(password + "\n")
    subprocess.run([CERTUTIL, "-N", "-d", f"sql:{database}", "-f", str(secret)], check=True)
    return database


def test_real_databases_trust_it_and_forget_it(real: Machine, ca: Path, tmp_path: Path) -> None:
    """Chromium's and Firefox's databases take the CA for servers, once, and give up all of ours."""
    chromium = make_database(real.home, ".pki/nssdb")
    firefox = make_database(real.home, ".mozilla/firefox/abc.default-release")
    real = replace(real, root=tmp_path / "no system")
    assert [outcome.done for outcome in trust(ca, real)[1:]] == [True, True]
    assert [outcome.sentence for outcome in trust(ca, real)[1:]] == ["trusts it already"] * 2
    another = make_ca(tmp_path / "another")
    assert [outcome.done for outcome in trust(another, real)[1:]] == [True, True]
    for database in (chromium, firefox):
        lines = [line for line in listed(database).splitlines() if line.startswith(NAME)]
        assert [line.split()[-1] for line in lines] == ["C,,", "C,,"]
    assert [outcome.sentence for outcome in distrust(real)[1:]] == ["2 taken out"] * 2
    assert NAME not in listed(chromium) + listed(firefox)
    assert [outcome.sentence for outcome in distrust(real)[1:]] == ["has none"] * 2


def test_a_database_with_a_password_is_left_alone(real: Machine, ca: Path, tmp_path: Path) -> None:
    """Nobody is asked for a password; what certutil says is passed on."""
    make_database(real.home, ".mozilla/firefox/abc.default", password="correct horse")
    outcome = trust(ca, replace(real, root=tmp_path / "no system"))[1]
    assert not outcome.done
    assert "certutil failed" in outcome.sentence


@pytest.mark.skipif(UPDATE is None, reason="update-ca-certificates is not installed")
def test_a_real_system_store_takes_it_and_gives_it_back(
    machine: Machine, ca: Path, tmp_path: Path
) -> None:
    """Debian's own command, on directories of the test, puts the CA into its bundle and out."""
    etc = tmp_path / "root/etc/ssl/certs"
    etc.mkdir(parents=True)
    (tmp_path / "conf").touch()
    other = make_ca(tmp_path / "other").read_text()
    (machine.root / DEBIAN / "somebody-elses.crt").write_text(other)
    options = {
        "--certsconf": tmp_path / "conf",
        "--certsdir": tmp_path / "root",
        "--localcertsdir": machine.root / DEBIAN,
        "--etccertsdir": etc,
        "--hooksdir": tmp_path / "hooks",
    }
    elsewhere = [word for name, place in options.items() for word in (name, str(place))]
    run: Callable[[Sequence[str]], Ran] = this_machine().run
    real = replace(
        machine,
        find_program={"update-ca-certificates": UPDATE}.get,
        run=lambda command: run([*command, *elsewhere]),
    )
    bundle = etc / "ca-certificates.crt"
    outcome = only(trust(ca, real))
    assert outcome.done, outcome.sentence
    assert ca.read_text() in bundle.read_text()
    assert other in bundle.read_text()
    outcome = only(distrust(real))
    assert outcome.done, outcome.sentence
    assert bundle.read_text() == other
    assert {path.resolve().name for path in etc.iterdir()} == {
        "ca-certificates.crt", "somebody-elses.crt",
    }  # fmt: skip


# --- the command


async def test_each_store_has_a_line(
    machine: Machine, ca: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What was done is ok, and what is left to do makes the command fail."""
    settings = Settings(store=f"sqlite:///{tmp_path / 'midcall.db'}")
    await show_trust(settings, remove=False, machine=machine)
    assert capsys.readouterr().out == "ok    the system (Debian): trusts it now\n"
    with pytest.raises(Refused):
        await show_trust(settings, remove=True, machine=replace(machine, is_root=False))
    assert capsys.readouterr().out.startswith("TODO  the system (Debian): needs root")


async def test_without_a_ca_there_is_nothing_to_trust_but_something_to_forget(
    machine: Machine, tmp_path: Path
) -> None:
    """Putting in needs a CA; taking out does not, as its checkout may be gone."""
    settings = Settings(store=f"sqlite:///{tmp_path / 'midcall.db'}")
    with pytest.raises(Refused, match=r"ca\.pem"):
        await show_trust(settings, remove=False, machine=machine)
    await show_trust(settings, remove=True, machine=machine)


def test_this_machine_is_the_one_that_runs_it() -> None:
    """A command that is not there is an answer and no exception."""
    machine = this_machine()
    assert machine.is_root == (os.geteuid() == 0)
    assert machine.run(["/nowhere/at/all"]).code == 127
