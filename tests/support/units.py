"""How a column's name ends for its unit, in every table and mart."""

ENDINGS = {
    "Mbps": "_mbps",
    "kbps": "_kbps",
    "fps": "_fps",
    "ms": "_ms",
    "s": "_s|_seconds",
    "minutes": "_minutes",
    "bytes": "_bytes",
    "%": "_percent",
    "users": "users",
    "requests": "requests",
    "streams": "_streams|^streams",
    "responses": "_count|responses",
    "slots": "_slots",
    "days": "^days_.*|_days|^days",
    "points": "^points.*",
}
"""A count is named after what is counted: a unit that is not here ends the name as it is."""

NAMED_AFTER = ("users", "requests", "streams", "responses", "days", "points")
"""Units whose endings may also stand in a name without a unit."""
