"""The root door: unprivileged programs ask root for one thing, a connection to a host of a student's seat.

The SSH gateway uses it; a workbench can. `server` answers, `seats` decides, `connection` connects.
"""
