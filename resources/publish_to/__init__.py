"""Publications in databases that others run, from the served copy. Nothing of it is imported unless asked for."""
