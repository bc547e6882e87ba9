"""The evidence of a run or of a student: captures, probes, sockets, the state of hosts."""
