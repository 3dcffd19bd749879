"""Old answers in an object store: which days are moved there, and which are brought back."""
