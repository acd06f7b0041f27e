"""What ``midcall dev`` says when it is ready: everything that one needs, ready to paste."""

import shlex
from pathlib import Path
from urllib.parse import quote

from midcall.app.bootstrap import Credentials
from midcall.app.settings import Settings

CERTIFICATE_VARIABLES = ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Where Node, the Python library's requests, and Python's and Go's TLS look for a CA."""


def _console(url: str, credentials: Credentials) -> list[str]:
    if credentials.console_key is None:
        return []
    # What is in the fragment is sent to nobody, and is in no log.
    link = f"{url}/console#key={credentials.console_key}"
    return ["See what happens, logged in by this link; it works once:", "", f"  {link}", ""]


def welcome(settings: Settings, credentials: Credentials, ca: Path | None) -> str:
    """Compose the text: credentials, links, a message by ``curl``, the helper libraries."""
    url, account, key = settings.public_url, credentials.account, credentials.key
    application = credentials.application
    certificate = shlex.quote(str(ca))
    trust = f"--cacert {certificate} " if ca is not None else ""
    base = f"{url}/2010-04-01/Accounts/{account.sid}"
    newest = f"{base}/Calls.json?Status=in-progress&PageSize=1"
    curl = f"curl -sS {trust}-u {account.sid}:{account.auth_token}"
    pick = r"""sed -n 's/.*"sid": *"\(CA[0-9a-f]*\)".*/\1/p'"""
    lines = [
        f"midcall is ready at {url}",
        "",
        "  Account SID   " + account.sid,
        "  Auth token    " + account.auth_token,
        "  API key       " + key.sid,
        "  Key secret    " + key.secret,
        "  Application   " + (application.sid if application is not None else "none"),
        "",
        *_console(url, credentials),
        "Open these in two tabs, call bob from alice's, accept in bob's:",
        "",
        f"  {url}/phone?identity={quote('alice')}",
        f"  {url}/phone?identity={quote('bob')}",
        "",
        "Then send a message to the newest active call:",
        "",
        f"  CALL=$({curl} '{newest}' | {pick})",
        f'  {curl} --data-urlencode \'Content={{"hello": "from the server"}}\' \\',
        f"    {base}/Calls/$CALL/UserDefinedMessages.json",
        "",
        "The official helper libraries, for example Python:",
        "",
        f"  client = twilio.rest.Client('{account.sid}', '{account.auth_token}')",
        f"  client.api.base_url = '{url}'",
        "",
        "and Node:",
        "",
        f"  const client = twilio('{account.sid}', '{account.auth_token}')",
        f"  client.api.baseUrl = '{url}'",
    ]
    if ca is not None:
        lines += [
            "",
            "The certificate is of a local CA. Accept it in the browser, and tell programs of it:",
            "",
            "  export " + " ".join(f"{name}={certificate}" for name in CERTIFICATE_VARIABLES),
        ]
    return "\n".join([*lines, "", "Ctrl+C stops the server."])
