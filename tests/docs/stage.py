"""What the examples of the pages find when they are run: a server, an account, a call, callbacks.

``docs`` says ``https://localhost:8443`` for the server, ``http://127.0.0.1:5000`` for a web server
of the reader's, and port 9443 for a server that the example starts itself; here these are free
ports. The names that a block may use without having made them are those of ``Stage.names``, the
variables those of ``Stage.environment``.
"""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from werkzeug.serving import BaseWSGIServer, make_server

from midcall.app.bootstrap import DEV_TWIML
from tests.acceptance.support.loops import LoopThread
from tests.acceptance.support.processes import PATIENCE_SECONDS
from tests.docs.blocks import Block
from tests.support.site import Site, free_port
from tests.support.softphone import Closed, Softphone

BIN: Final = Path(sys.executable).parent

CALLER, CALLED = "carol", "dave"
"""Who is in the call. Alice and bob are for the examples."""


def make_site(directory: Path) -> Site:
    """Prepare a server as `midcall dev` has it, but for audio."""
    ca = directory / "midcall-tls" / "ca.pem"
    proxy = str(free_port())
    return Site(directory, ca=ca, host="localhost", tls="auto", proxy_port=proxy)


class Stage:
    """One page's examples, with a call under way while they are run."""

    def __init__(self, site: Site, application: str, loop: LoopThread) -> None:
        self._site = site
        self._application = application
        self._loop = loop
        self._web_port, self._other_port, self._proxy_port = free_port(), free_port(), free_port()
        self._web: BaseWSGIServer | None = None
        self._conversation: asyncio.Task[None] | None = None
        self.names: dict[str, Any] = {}

    def __enter__(self) -> "Stage":
        self.call_sid = self._loop.run(self._begin())
        credentials = self._site.credentials
        self.names = {
            "__name__": "example",
            "account_sid": credentials.account_sid,
            "auth_token": credentials.auth_token,
            "key_sid": credentials.key_sid,
            "key_secret": credentials.key_secret,
            "application_sid": self._application,
            "call_sid": self.call_sid,
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._end())
        if self._web is not None:
            self._web.shutdown()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that examples find."""
        credentials, ca = self._site.credentials, str(self._site.ca)
        return {
            **self._site.environment,
            "MIDCALL_PROXY_PORT": str(self._proxy_port),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "TWILIO_ACCOUNT_SID": credentials.account_sid,
            "TWILIO_AUTH_TOKEN": credentials.auth_token,
            "MIDCALL_URL": f"https://localhost:{self._site.port}",
            "ALICE_TOKEN": credentials.token("alice", self._application),
            "BOB_TOKEN": credentials.token("bob", self._application),
            "CALL_SID": self.call_sid,
            "REQUESTS_CA_BUNDLE": ca,
            "SSL_CERT_FILE": ca,
            "SECONDS_TO_RUN": "0.2",
        }

    # --- running

    def run_python(self, block: Block, page: str) -> None:
        """Run a block of Python behind those before it on the page."""
        text = "\n" * (block.line - 1) + self._here(block.text)
        exec(compile(text, page, "exec"), self.names)  # noqa: S102 - the examples are ours
        self._serve_what_was_made()

    def run_shell(self, block: Block) -> None:
        """Run a block of shell; its end must be a success."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._here(block.text)],
            cwd=self._site.directory,
            env={**without_proxies(os.environ), **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"

    def _here(self, text: str) -> str:
        """Put this server's places where the pages have theirs."""
        places = {
            "localhost:8443": f"localhost:{self._site.port}",
            "127.0.0.1:5000": f"127.0.0.1:{self._web_port}",
            "9443": str(self._other_port),
        }
        for theirs, ours in places.items():
            text = text.replace(theirs, ours)
        return text

    def _serve_what_was_made(self) -> None:
        app = self.names.get("app")
        if app is not None and self._web is None:
            self._web = make_server("127.0.0.1", self._web_port, app, threaded=True)
            threading.Thread(
                target=self._web.serve_forever, name="the reader's server", daemon=True
            ).start()

    # --- the call

    def say(self, content: Any) -> None:
        """Let the caller send a message."""
        self._loop.run(self._caller.message(self.call_sid, content))

    async def _begin(self) -> str:
        called = await self._phone(CALLED).sign_in()
        self._called = called
        caller = await self._phone(CALLER).connect()
        self._caller = caller
        await caller.listen()
        await caller.invite(f"To={CALLED}")
        sid = str((await caller.expect("ringing"))["callsid"])
        await called.accept((await called.expect("invite"))["callsid"])
        await caller.find("answer")
        self._conversation = asyncio.create_task(self._converse(sid), name="the app of the caller")
        return sid

    async def _converse(self, sid: str) -> None:
        """Answer every message, as an app does."""
        while True:
            try:
                came = await self._caller.next()
            except TimeoutError:
                continue
            if isinstance(came, Closed):
                return
            if came.type == "message":
                reply = {"inReplyTo": came.payload["voiceeventsid"], "answer": "yes"}
                await self._caller.message(sid, reply)

    async def _end(self) -> None:
        if self._conversation is not None:
            self._conversation.cancel()
        await self._caller.hang_up(self.call_sid)
        await self._caller.leave()
        await self._called.leave()

    def _phone(self, identity: str) -> Softphone:
        token = self._site.credentials.token(identity, self._application)
        return Softphone(f"wss://localhost:{self._site.port}/signal", token, self._site.tls)


def application_of(site: Site, loop: LoopThread) -> str:
    """Make the application that dials whom the caller names, as `midcall dev` does."""
    made = loop.run(site.rest("POST", "Applications", VoiceTwiml=DEV_TWIML))
    return str(made["sid"])


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which nothing leads requests elsewhere."""
    return {
        name: text
        for name, text in environment.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("MIDCALL_", "TWILIO_"))
    }
