"""Files and locks on the local disk: atomic writes, whole files or none. Knows nothing of livestats."""
