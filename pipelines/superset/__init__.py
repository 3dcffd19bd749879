"""Apache Superset: a bundle of database, datasets, charts and one dashboard, made from the marts.

Everything but `client` is pure: documents out of what the tables are. The identities are made from
names, so importing a bundle again updates what an earlier one made.
"""
