import ipaddress
from pathlib import Path

import pytest
from pydantic import SecretStr

from midcall.app.settings import Profile, Settings, SettingsError, load

TOKEN = "q7Vn2mXc9LpR4tYw8ZkB3hJd6FsG1aEu"
SECRET = "Zb5Kx8Nw2Qm7Rt4Yp9Lc3Vj6Hd1Gs0Fa"


def problems(overrides: dict[str, object], profile: Profile = "dev") -> tuple[str, ...]:
    """Load what cannot be used, and return what was said about it."""
    with pytest.raises(SettingsError) as caught:
        load(overrides, profile=profile)
    return caught.value.problems


@pytest.fixture
def for_serve(tmp_path: Path) -> dict[str, object]:
    """All that `serve` wants to be told, behind a TLS-terminating proxy."""
    return {
        "host": "127.0.0.1",
        "port": "8080",
        "public_url": "https://voice.example.com",
        "tls": "off",
        "store": f"sqlite:///{tmp_path}/midcall.db",
        "media": "aiortc",
        "account_sid": "AC" + "0a" * 16,
        "auth_token": TOKEN,
        "api_key_sid": "SK" + "0b" * 16,
        "api_key_secret": SECRET,
    }


class TestSources:
    def test_dev_needs_nothing(self) -> None:
        """The profile `dev` starts with what suits one's own machine."""
        settings = load({}, profile="dev")

        assert (settings.host, settings.port, settings.tls) == ("localhost", 8443, "auto")
        assert settings.public_url == "https://localhost:8443"
        assert settings.store == "sqlite:///midcall.db"
        assert settings.store_path == Path("midcall.db")
        assert settings.egress_allow == (
            ipaddress.ip_network("127.0.0.0/8"),
            ipaddress.ip_network("::1/128"),
        )

    def test_the_environment_sets_what_no_option_does(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An option beats the environment, and the environment beats the default."""
        monkeypatch.setenv("MIDCALL_PORT", "9000")
        monkeypatch.setenv("MIDCALL_LOG_FORMAT", "json")

        settings = load({"port": "9001", "log_format": None}, profile="dev")

        assert (settings.port, settings.log_format) == (9001, "json")

    def test_an_empty_variable_is_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An empty variable, as Compose files pass on, leaves the default in force."""
        monkeypatch.setenv("MIDCALL_PORT", "")

        assert load({}, profile="dev").port == 8443

    def test_settings_made_by_a_program_ignore_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only `load` reads the environment."""
        monkeypatch.setenv("MIDCALL_PORT", "9000")

        assert Settings().port == 8443

    def test_a_value_needs_no_text(self) -> None:
        """A program may override with values instead of their text."""
        loopback = (ipaddress.ip_network("127.0.0.0/8"),)

        settings = load({"port": 9000, "egress_allow": loopback}, profile="dev")

        assert (settings.port, settings.egress_allow) == (9000, loopback)

    def test_an_unknown_name_is_refused(self) -> None:
        """An override that is no setting is named."""
        assert problems({"prot": "9000"}) == ("MIDCALL_PROT: there is no such setting",)

    def test_the_sdk_is_found_where_npm_puts_it(self, tmp_path: Path) -> None:
        """The SDK's script is found below the directory that the server is started in."""
        script = tmp_path / "node_modules/@twilio/voice-sdk/dist/twilio.min.js"
        script.parent.mkdir(parents=True)
        script.touch()

        assert load({}, profile="dev").voice_sdk == script


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "text", "sentence"),
        [
            ("host", "a_b", "must be a host name or an IP address, not 'a_b'"),
            ("port", "tcp", "must be a whole number, not 'tcp'"),
            ("port", "0", "must be 1 or more, not '0'"),
            ("port", "65536", "must be 65535 or less, not '65536'"),
            ("tls", "on", "must be auto, off or files, not 'on'"),
            (
                "store",
                "postgresql://ann:secret@db/midcall",
                "must be sqlite:///path: this version keeps its store in SQLite only,"
                " not 'postgresql://…@db/midcall'",
            ),
            (
                "store",
                "sqlite://midcall.db",
                "must be sqlite:///relative/path or sqlite:////absolute/path, without options,"
                " not 'sqlite://midcall.db'",
            ),
            (
                "bus",
                "nats://127.0.0.1",
                "must be memory: because this version runs as a single node,"
                " not 'nats://127.0.0.1'",
            ),
            ("media", "rtpengine://x", "must be aiortc or none, not 'rtpengine://x'"),
            (
                "public_url",
                "voice.example.com",
                "must be a URL such as https://voice.example.com, not 'voice.example.com'",
            ),
            (
                "public_url",
                "https://h/path",
                "must have a scheme, a host and at most a port, and nothing else,"
                " not 'https://h/path'",
            ),
            (
                "public_url",
                "https://0.0.0.0",
                "must have a host that clients can reach, which the wildcard address is not,"
                " not 'https://0.0.0.0'",
            ),
            ("sequence_start", "2", "must be 1 or less, not '2'"),
            ("callback_format", "xml", "must be json or form, not 'xml'"),
            ("reconnect_seconds", "29", "must be 30 or more, not '29'"),
            (
                "egress_allow",
                "10.0.0.1/8",
                "must be CIDRs such as 10.1.0.0/16,fd12::/32 (10.0.0.1/8 has host bits set),"
                " not '10.0.0.1/8'",
            ),
            ("voice_sdk", "no.js", "must name a file that can be read, not 'no.js'"),
            ("tls_cert", "c.pem", "is used with MIDCALL_TLS=files only"),
        ],
    )
    def test_a_wrong_value_is_named_and_explained(
        self, name: str, text: str, sentence: str
    ) -> None:
        """A wrong value gives one line with the setting's name and what would be right."""
        assert problems({name: text}) == (f"MIDCALL_{name.upper()}: {sentence}",)

    @pytest.mark.parametrize(
        ("name", "partner"),
        [
            ("account_sid", "auth_token"),
            ("auth_token", "account_sid"),
            ("api_key_sid", "api_key_secret"),
            ("api_key_secret", "api_key_sid"),
        ],
    )
    @pytest.mark.parametrize("text", ["short", TOKEN + "-"])
    def test_wrong_credentials_are_not_repeated(self, name: str, partner: str, text: str) -> None:
        """A problem with a credential does not show it, for logs are read by others."""
        (problem,) = problems({name: text})

        assert problem.startswith(f"MIDCALL_{name.upper()}: must ")
        assert text not in problem

    def test_half_a_credential_is_refused(self) -> None:
        """A SID without its secret is refused, and the missing half is named."""
        assert problems({"account_sid": "AC" + "0a" * 16}) == (
            "MIDCALL_AUTH_TOKEN: is missing, and MIDCALL_ACCOUNT_SID means nothing without it",
        )

    def test_all_problems_are_told_at_once(self) -> None:
        """Each wrong setting has its line, and a right one has none."""
        lines = problems(
            {"port": "x", "bus": "y", "media": "none", "account_sid": "AC" + "0a" * 16}
        )

        assert [line.split(":")[0] for line in lines] == [
            "MIDCALL_PORT",
            "MIDCALL_BUS",
            "MIDCALL_AUTH_TOKEN",
        ]

    def test_files_that_do_not_exist_are_refused(self) -> None:
        """TLS from files wants two files that can be read."""
        assert problems({"tls": "files", "tls_key": "missing.pem"}) == (
            "MIDCALL_TLS_CERT: must name a file that can be read, because MIDCALL_TLS is files",
            "MIDCALL_TLS_KEY: must name a file that can be read, because MIDCALL_TLS is files",
        )

    def test_secrets_do_not_show(self) -> None:
        """Printing the settings shows no secret."""
        settings = load({"account_sid": "AC" + "0a" * 16, "auth_token": TOKEN}, profile="dev")

        assert settings.auth_token == SecretStr(TOKEN)
        assert TOKEN not in repr(settings)


class TestServe:
    def test_nothing_is_assumed(self) -> None:
        """The profile `serve` names each setting that it was not told."""
        assert [line.split(":")[0] for line in problems({}, "serve")] == [
            "MIDCALL_HOST",
            "MIDCALL_PORT",
            "MIDCALL_PUBLIC_URL",
            "MIDCALL_TLS",
            "MIDCALL_STORE",
            "MIDCALL_MEDIA",
            "MIDCALL_ACCOUNT_SID",
            "MIDCALL_AUTH_TOKEN",
            "MIDCALL_API_KEY_SID",
            "MIDCALL_API_KEY_SECRET",
        ]

    def test_what_is_stated_and_safe_is_taken(self, for_serve: dict[str, object]) -> None:
        """With everything stated the server may start; callbacks reach public addresses only."""
        settings = load(for_serve, profile="serve")

        assert settings.public_url == "https://voice.example.com"
        assert settings.egress_allow == ()

    @pytest.mark.parametrize(
        ("name", "text", "sentence"),
        [
            ("host", "0.0.0.0", "must not be the wildcard address with MIDCALL_TLS=off"),
            ("host", "::", "must not be the wildcard address with MIDCALL_TLS=off"),
            ("host", "8.8.8.8", "must be a loopback or private address with MIDCALL_TLS=off"),
            ("public_url", "http://h", "must begin with https://"),
            ("tls", "auto", "must be files, or off behind a TLS-terminating proxy"),
            ("store", "sqlite://", "must be a file: a store in memory loses"),
            ("store", "sqlite:////no/such/midcall.db", "must be in a directory that exists"),
            ("auth_token", "ab" * 20, "is too easy to guess: it has very few"),
            ("auth_token", "abcdefgh1" * 4, "is too easy to guess: it repeats itself"),
            ("api_key_secret", TOKEN, "must differ from every other secret"),
            ("egress_allow", "0.0.0.0/0", "0.0.0.0/0 is wider than any private network"),
            ("egress_allow", "127.0.0.1/32", "127.0.0.1/32 lets callbacks reach loopback"),
            ("egress_allow", "::ffff:127.0.0.0/104", "127.0.0.0/8 lets callbacks reach loopback"),
            ("egress_allow", "169.254.169.254/32", "169.254.169.254/32 lets callbacks reach link"),
            ("egress_allow", "fd00:ec2::/32", "fd00:ec2::/32 lets callbacks reach fd00:ec2::254"),
        ],
    )
    def test_what_is_unsafe_is_refused(
        self, for_serve: dict[str, object], name: str, text: str, sentence: str
    ) -> None:
        """A setting that `dev` may have but the world may not is refused with its reason."""
        (problem,) = problems({**for_serve, name: text}, "serve")

        assert problem.startswith(f"MIDCALL_{name.upper()}: {sentence}")

    def test_a_private_network_may_be_reached(self, for_serve: dict[str, object]) -> None:
        """A private network that is named may be reached by callbacks."""
        settings = load({**for_serve, "egress_allow": "10.0.0.0/8, fd12::/32"}, profile="serve")

        assert [str(network) for network in settings.egress_allow] == ["10.0.0.0/8", "fd12::/32"]


class TestDerived:
    @pytest.mark.parametrize(
        ("overrides", "url"),
        [
            ({"port": "443"}, "https://localhost"),
            ({"host": "127.0.0.1"}, "https://localhost:8443"),
            ({"host": "0.0.0.0", "port": "9000"}, "https://localhost:9000"),
            ({"host": "192.168.1.5"}, "https://192.168.1.5:8443"),
            ({"host": "FD12::5"}, "https://[fd12::5]:8443"),
            ({"tls": "off"}, "http://localhost:8443"),
            ({"public_url": "https://Voice.Example.com:443/"}, "https://voice.example.com"),
        ],
    )
    def test_the_public_url_follows_host_and_port(
        self, overrides: dict[str, str], url: str
    ) -> None:
        """Unless it is stated, the public URL is where the server listens."""
        assert load(overrides, profile="dev").public_url == url

    @pytest.mark.parametrize(
        ("url", "home"),
        [
            ("https://voice.example.com", "voice.example.com/insights?"),
            ("https://voice.example.com:8443", "voice.example.com:8443/insights?"),
            ("https://localhost:8443", "localhost:8443/insights?"),
            ("https://127.0.0.1:8443", "localhost:8443/insights?"),
            ("https://[::1]:8443", "localhost:8443/insights?"),
            ("https://192.168.1.5:8443", "192.168.1.5:8443/insights?"),
        ],
    )
    def test_insights_are_led_to_this_server(self, url: str, home: str) -> None:
        """The home that the SDK puts into its insights URL makes this site the host of it."""
        assert load({"public_url": url}, profile="dev").insights_home == home

    def test_the_local_ca_is_kept_beside_the_store(self) -> None:
        """Certificates live next to the store's file, or here when there is none."""
        kept = load({"store": "sqlite:////var/lib/midcall/m.db"}, profile="dev")
        passing = load({"store": "sqlite://"}, profile="dev")

        assert kept.tls_directory == Path("/var/lib/midcall/midcall-tls")
        assert passing.store_path is None
        assert passing.tls_directory == Path("midcall-tls")


class TestTurn:
    URLS = "stun:turn.example.com, turn:turn.example.com:3478?transport=udp"
    SECRET = "a-shared-secret-of-the-site"

    def test_servers_and_their_secret_come_together(self) -> None:
        """The URLs are those that browsers take, and the secret is not shown."""
        settings = load({"turn_urls": self.URLS, "turn_secret": self.SECRET}, profile="dev")

        assert settings.turn_urls == (
            "stun:turn.example.com",
            "turn:turn.example.com:3478?transport=udp",
        )
        assert self.SECRET not in repr(settings)

    def test_no_servers_need_no_secret(self) -> None:
        """Neither does STUN alone: it answers everybody."""
        assert load({}, profile="dev").turn_urls == ()
        assert load({"turn_urls": "none"}, profile="dev").turn_urls == ()
        assert load({"turn_urls": "stun:[2001:db8::1]"}, profile="dev").turn_secret is None

    def test_one_without_the_other_is_refused(self) -> None:
        """A TURN server without the secret cannot be opened; a secret without one opens nothing."""
        assert problems({"turn_urls": self.URLS}) == (
            "MIDCALL_TURN_SECRET: is missing, and nothing opens the servers in MIDCALL_TURN_URLS",
        )
        assert problems({"turn_secret": self.SECRET}) == (
            "MIDCALL_TURN_URLS: must name a turn: or turns: server,"
            " because MIDCALL_TURN_SECRET is set",
        )

    @pytest.mark.parametrize(
        "text", ["turn.example.com", "https://turn.example.com", "turn:a,,turn:b", "turn:a?b=c"]
    )
    def test_a_url_of_no_server_is_refused(self, text: str) -> None:
        """What a browser would refuse is refused at the start."""
        (problem,) = problems({"turn_urls": text})

        assert problem.startswith("MIDCALL_TURN_URLS: must be stun:, stuns:, turn: or turns: URLs")

    @pytest.mark.parametrize("text", ["short", "a secret with spaces in it", "é" * 20])
    def test_a_secret_that_cannot_be_one_is_not_repeated(self, text: str) -> None:
        """The refusal says what it must be, not what it was."""
        (problem,) = problems({"turn_urls": self.URLS, "turn_secret": text})

        assert problem == (
            "MIDCALL_TURN_SECRET: must have 16 or more characters, visible ASCII only"
        )

    def test_serve_wants_a_secret_that_cannot_be_guessed(
        self, for_serve: dict[str, object]
    ) -> None:
        """Whoever guesses it relays through the site's server."""
        stated = {**for_serve, "turn_urls": self.URLS, "turn_secret": "a" * 20}

        assert problems(stated, "serve") == (
            "MIDCALL_TURN_SECRET: is too easy to guess: it has very few different characters",
        )
