"""HTML pages and pictures: coverage/ (status --html), usage/ (report), and the demo's picture.

The tables they read are made elsewhere: resources/marts. Read next: templates.py.
"""
