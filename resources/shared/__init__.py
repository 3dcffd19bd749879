"""The home of an account in an object store, of which the homes of its hosts are copies."""
