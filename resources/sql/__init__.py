"""SQL text: quoting of names and values. Statements stay in the rooms that run them."""
