"""Rules that hold a series of the whole account, or of whole domains, against the parts it is made of.

Traffic and requests of the parts add up to those of the whole. Peaks do not: the peak of the whole
lies between the largest peak of a part and the sum of them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from resources.system_tables.reconciliation.rules.model import ACCOUNT, FLOAT32, LATE, Rule

_ROUNDING = 0.001


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A series of a whole and its parts: the same columns, split further."""

    whole: str  # dataset
    parts: str  # dataset
    are: str  # what the parts are, for the texts
    condition: str = "true"  # the variant that is compared
    by_domain: bool = False  # the wholes are domains

    @property
    def scope(self) -> str:
        return "domain" if self.by_domain else f"'{ACCOUNT}'"

    def _rows(self, table: str, columns: str) -> str:
        return (
            f"SELECT business_date, {self.scope} AS scope, {columns} FROM {table} "
            f"WHERE business_date IN (FROM days) AND {self.condition} GROUP BY ALL"
        )

    def sum_rule(self, name: str, column: str, what: str, unit: str, why: str) -> Rule:
        """The parts add up to the whole."""
        total = f"sum({column}::BIGINT) AS total"
        return Rule(
            name=name,
            meaning=f"{what} of {self.whole} is the sum of {self.are} in {self.parts}.",
            unit=unit,
            tolerance=0.01,
            why=why,
            needs=(self.whole, self.parts),
            sql=f"""
        SELECT business_date, scope, coalesce(p.total, 0) AS expected,
               coalesce(w.total, 0) AS actual, 0 AS slack, NULL AS note
        FROM ({self._rows(self.parts, total)}) p
        FULL JOIN ({self._rows(self.whole, total)}) w USING (business_date, scope)""",
        )

    def peak_rule(self, name: str, column: str, what: str, unit: str) -> Rule:
        """The peak of the whole lies between the largest of the parts and their sum."""
        slot = "slot_start_at, slot_seconds"
        parts = self._rows(self.parts, f"{slot}, max({column}) AS largest, sum({column}) AS total")
        whole = self._rows(self.whole, f"{slot}, max({column}) AS peak")
        return Rule(
            name=name,
            meaning=f"{what} of {self.whole} is in each slot at least the largest of {self.are} in "
            f"{self.parts}, and at most their sum. The row shows the slot that is farthest off, else "
            "the one with the highest peak.",
            unit=unit,
            tolerance=_ROUNDING,
            why=f"{LATE} {FLOAT32}",
            needs=(self.whole, self.parts),
            sql=f"""
        WITH p AS ({parts}), w AS ({whole}),
        width AS (  -- of the wider slots, if the settings have made one of them wider
            SELECT business_date, max(slot_seconds) AS seconds
            FROM (SELECT business_date, slot_seconds FROM p
                  UNION ALL SELECT business_date, slot_seconds FROM w) GROUP BY business_date),
        of_parts AS (
            SELECT business_date, scope, epoch(slot_start_at)::BIGINT // seconds AS slot,
                   max(largest) AS largest, max(total) AS total
            FROM p JOIN width USING (business_date) GROUP BY ALL),
        of_whole AS (
            SELECT business_date, scope, epoch(slot_start_at)::BIGINT // seconds AS slot,
                   max(peak) AS peak
            FROM w JOIN width USING (business_date) GROUP BY ALL)
        SELECT business_date, scope,
               greatest(least(coalesce(peak, 0), coalesce(total, 0)), coalesce(largest, 0))
                   AS expected,
               coalesce(peak, 0) AS actual, 0 AS slack,
               strftime(to_timestamp(slot * seconds), '%H:%M') AS note
        FROM of_parts FULL JOIN of_whole USING (business_date, scope, slot)
        JOIN width USING (business_date)
        QUALIFY row_number() OVER (
            PARTITION BY business_date, scope
            ORDER BY CASE WHEN abs(actual - expected) > {_ROUNDING} * expected
                          THEN abs(actual - expected) ELSE 0 END DESC,
                     actual DESC, slot) = 1""",
        )


_ONLINE = "online_user_type = 'Online'"
_DOMAINS = "all domains"
_ALL = "all domains and carriers"
_CARRIERS = "all carriers of the domain"
_UNKNOWN = "Addresses that are of no listed carrier are in the whole alone."

_VIEWERS = _Pair(
    whole="stream_session_account", parts="stream_session_by_domain", are=_DOMAINS,
    condition=_ONLINE,
)  # fmt: skip
_STREAMS = _Pair(
    whole="stream_count_account", parts="stream_count", are=_DOMAINS,
    condition="stream_type = 'push'",
)  # fmt: skip
_EDGE = _Pair(whole="edge_stat_account", parts="edge_stat", are=_ALL)
_ORIGIN = _Pair(whole="source_traffic_account", parts="source_traffic", are=_ALL)
_CODES = _Pair(
    whole="play_status_code_account", parts="play_status_code", are=_ALL,
    condition="request_type = 'Access'",
)  # fmt: skip
_EDGE_OF_DOMAIN = _Pair(
    whole="edge_stat_by_domain", parts="edge_stat", are=_CARRIERS, by_domain=True
)
_ORIGIN_OF_DOMAIN = _Pair(
    whole="source_traffic_by_domain", parts="source_traffic", are=_CARRIERS, by_domain=True
)
_CODES_OF_DOMAIN = _Pair(
    whole="play_status_code_by_domain", parts="play_status_code", are=_CARRIERS,
    condition="request_type = 'Access'", by_domain=True,
)  # fmt: skip

_TRAFFIC_WHY = f"{LATE} {FLOAT32} {_UNKNOWN}"
_COUNT_WHY = f"{LATE} {_UNKNOWN}"

ACCOUNT_RULES = (
    _VIEWERS.peak_rule("viewers_of_account", "online_users", "Viewers", "users"),
    _VIEWERS.sum_rule("session_requests_of_account", "requests", "Requests", "requests", LATE),
    _STREAMS.peak_rule("pushes_of_account", "peak_streams", "Concurrent pushes", "streams"),
    _EDGE.sum_rule("edge_traffic_of_account", "down_traffic_bytes", "Downstream traffic", "bytes",
                   _TRAFFIC_WHY),
    _EDGE.peak_rule("edge_peak_of_account", "down_bandwidth_mbps", "Downstream bandwidth", "Mbps"),
    _ORIGIN.sum_rule("origin_traffic_of_account", "origin_traffic_bytes", "Traffic", "bytes",
                     _TRAFFIC_WHY),
    _ORIGIN.peak_rule("origin_peak_of_account", "origin_bandwidth_mbps", "Bandwidth", "Mbps"),
    _CODES.sum_rule("codes_of_account", "status_count", "Answers to pushes and plays (Access)",
                    "responses", _COUNT_WHY),
)  # fmt: skip

DOMAIN_RULES = (
    _EDGE_OF_DOMAIN.sum_rule("edge_traffic_of_carriers", "down_traffic_bytes",
                             "Downstream traffic", "bytes", _TRAFFIC_WHY),
    _EDGE_OF_DOMAIN.peak_rule("edge_peak_of_carriers", "down_bandwidth_mbps",
                              "Downstream bandwidth", "Mbps"),
    _ORIGIN_OF_DOMAIN.sum_rule("origin_traffic_of_carriers", "origin_traffic_bytes", "Traffic",
                               "bytes", _TRAFFIC_WHY),
    _ORIGIN_OF_DOMAIN.peak_rule("origin_peak_of_carriers", "origin_bandwidth_mbps", "Bandwidth",
                                "Mbps"),
    _CODES_OF_DOMAIN.sum_rule("codes_of_carriers", "status_count",
                              "Answers to pushes and plays (Access)", "responses", _COUNT_WHY),
)  # fmt: skip
