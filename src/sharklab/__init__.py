"""sharklab: set up network labs, watch the packets, write and grade the reports."""

__version__ = "0.1.0"
