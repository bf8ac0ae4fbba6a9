"""New links in posts: edits, self-check, and the swap on disk."""
