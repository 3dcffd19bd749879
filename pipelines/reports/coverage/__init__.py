"""Which days of which dataset the archive holds, for the terminal and as a page.

Read next: report.py.
"""
