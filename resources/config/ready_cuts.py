"""Cuts that are ready to be used: comments in the settings file that `livestats init` writes.

None is captured before somebody takes the comment signs away. Next: writer.
"""

from __future__ import annotations

from resources.api.catalog.cuts import Cut

READY: tuple[tuple[str, Cut], ...] = (
    (
        "Viewers and requests by protocol.",
        Cut(
            name="viewers_by_protocol",
            endpoint="DescribeLiveStreamSessionData",
            split=("Domain", "Protocol"),
            width_s=300,
        ),
    ),
    (
        "Edge traffic by province and carrier of the viewer, mainland China.",
        Cut(
            name="province_by_carrier",
            endpoint="DescribeLiveEdgeStatData",
            split=("Domain", "UserProvince", "ISP"),
            width_s=3600,
        ),
    ),
    (
        "The minute curve of one stream: fill in its domain, app and name.",
        Cut(
            name="one_stream",
            endpoint="DescribeLiveStreamSessionData",
            width_s=60,
            domains=("play.example.com",),
            app="live",
            stream="room1",
        ),
    ),
    (
        "Bandwidth and traffic at the edge, every minute.",
        Cut(
            name="edge_minutes",
            endpoint="DescribeLiveEdgeStatData",
            split=("Domain",),
            width_s=60,
        ),
    ),
    (
        "The first 1000 streams of each week by traffic; take the rows of its last day.",
        Cut(
            name="top_of_the_week",
            endpoint="DescribeLiveTopPlayData",
            days=7,
            query_type=("Stream",),
            sort_by=("TotalTraffic",),
        ),
    ),
)
"""What each is for, and the cut."""
