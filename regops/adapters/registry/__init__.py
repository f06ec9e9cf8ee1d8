"""A registry's HTTP front: one exchange under one deadline, from name look-up to the last byte."""
