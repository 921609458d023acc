"""The kinds of operation, a file each. A module here that defines kinds is loaded by :mod:`..registry`."""
