-- A row for each direction that a bill may look at.
directions AS (
    SELECT direction FROM (VALUES ('up'), ('down'), ('total')) AS named (direction)
),
