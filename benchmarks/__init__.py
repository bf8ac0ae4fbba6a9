"""What measures speed, side by side with the tools that people would use by hand."""
