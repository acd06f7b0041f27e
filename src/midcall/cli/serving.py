"""``midcall dev`` and ``midcall serve``: the server itself."""

from midcall.app import logs, serving
from midcall.app.bootstrap import Credentials
from midcall.app.certificates import CertificateFiles
from midcall.app.options import Options
from midcall.app.settings import Profile
from midcall.app.welcome import welcome
from midcall.cli.program import NOTHING_STATED, Stated, app
from midcall.cli.refusing import REFUSED, load_or_complain, run


@app.command
def dev(*, options: Stated = NOTHING_STATED) -> int:
    """Serve everything on one port, making what is missing: for development and tests."""
    return _serve(options, "dev")


@app.command
def serve(*, options: Stated = NOTHING_STATED) -> int:
    """Serve with nothing assumed: refuses to start while anything is missing or unsafe."""
    return _serve(options, "serve")


def _serve(options: Options, profile: Profile) -> int:
    settings = load_or_complain(options.stated(), profile)
    if settings is None:
        return REFUSED
    logs.configure(settings.log_level, settings.log_format)

    def announce(credentials: Credentials | None, certificates: CertificateFiles | None) -> None:
        if profile == "dev" and credentials is not None:
            ca = certificates.ca.resolve() if certificates is not None else None
            print(welcome(settings, credentials, ca), flush=True)
        else:
            print(f"midcall is ready at {settings.public_url}", flush=True)

    return run(serving.serve(settings, dev=profile == "dev", announce=announce))
