"""What is inside a container, reached from this machine: its process, network, files, and a shell."""
