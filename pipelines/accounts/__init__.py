"""Several accounts: what the file of each says, and whose turn it is. Read next: account_file.py."""
