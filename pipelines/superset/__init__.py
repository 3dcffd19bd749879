"""Bundle for Apache Superset: database, datasets, charts and one dashboard, from the marts.

All modules but client.py are pure. Ids are derived from names, so a new import updates the old one.
Read next: bundle.py.
"""
