"""The calendar of what the archive holds, for the terminal and the browser."""
