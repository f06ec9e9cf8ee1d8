"""The logs of a container: which there are, what is in them, and what is added."""
