"""What a run or a student leaves: captures, probes, sockets, the state of hosts."""
