"""The doors to the outside world, one library or family of system calls each."""
