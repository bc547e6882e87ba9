"""Hosts on a cluster of Incus or LXD, by the REST API of the engine.

`endpoint` finds the engine, `transport` asks it, and `client` has a typed function for each call.
"""
