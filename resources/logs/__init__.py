"""Log files of the vendor: downloaded, kept byte for byte, checked, and on demand parsed.

The list of them is the dataset `log_file`, which is captured as any other. Begin with notes, then keep.
"""
