"""WHAT is made: partitions, one asset per dataset and table, checks, views and marts."""
