"""A second reading of the vendor's documentation: an independent server of its statistics API.

It was written from the documentation alone, without a look at the simulator or at the client, so
that a misreading which the simulator and the client share is caught here. Nothing of the project is
imported. Keep it so: whoever mends it reads the documentation, never the other side of the wire.

The world is small and made by a seeded function: `world` says who streams what and when, `traffic`,
`streams` and `usage` give the truth as plain rows in the documented units, `answers_*` put the rows
into the documented shapes and `server` sends them. Where the documentation leaves something open,
`choices.Choices` decides.
"""
