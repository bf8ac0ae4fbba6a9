"""What people and scripts are told: values to words, JSON, diffs and progress."""
