"""What ``midcall bench`` found, and how it is told."""

from collections.abc import Sequence

import msgspec
from rich.table import Table

from midcall.cli.printing import console


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took: the half, 95 and 99 of a hundred took no longer. Milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of one direction.

    ``durable`` is until the sender knew that they are on disk, ``arrived`` until the app had them;
    ``None`` where these are the same.
    """

    messages: int
    per_second: float
    durable: Latency
    arrived: Latency | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``commit`` and ``round_trip`` are of the same machine, one at a time."""

    calls: int
    processors: int
    commit: Latency
    round_trip: Latency
    downlink: Phase
    uplink: Phase


def measured(seconds: Sequence[float]) -> Latency:
    """Sum up times."""
    ordered = sorted(seconds)

    def percentile(part: float) -> float:
        if not ordered:
            return 0.0
        return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000, 3)

    return Latency(p50_ms=percentile(0.5), p95_ms=percentile(0.95), p99_ms=percentile(0.99))


def print_report(report: Report) -> None:
    """Print a run for people."""
    table = Table(
        "", "a second", "p50 ms", "p95 ms", "p99 ms", "p50 in commits", "in round trips", box=None
    )
    _add(table, "a synced SQLite commit, alone", None, report.commit, report)
    _add(table, "an HTTP round trip, alone", None, report.round_trip, report)
    down, up = report.downlink, report.uplink
    _add(table, "server to apps: until the 201", down.per_second, down.durable, report)
    if down.arrived is not None:
        _add(table, "server to apps: until the app has it", None, down.arrived, report)
    _add(table, "apps to server: until the ack", up.per_second, up.durable, report)
    console().print(table)
    print(
        f"\n{down.messages} messages down and {up.messages} up on {report.calls} calls at a time."
        f"\nClients and server shared this machine and its {report.processors} processors."
    )


def _add(
    table: Table, what: str, per_second: float | None, latency: Latency, report: Report
) -> None:
    rate = "" if per_second is None else f"{per_second:.0f}"
    table.add_row(
        what,
        rate,
        *(f"{one:.2f}" for one in (latency.p50_ms, latency.p95_ms, latency.p99_ms)),
        _ratio(latency, report.commit),
        _ratio(latency, report.round_trip),
    )


def _ratio(latency: Latency, reference: Latency) -> str:
    return f"{latency.p50_ms / reference.p50_ms:.1f}" if reference.p50_ms else ""
