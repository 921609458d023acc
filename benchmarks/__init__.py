"""Speed, each as a ratio against a named base in the same run: ``make bench``."""
