"""What runs on a machine that is not ours: it looks, keeps the state as it is now, and puts it back.

`providers.remote` sends these modules to the machine's Python (3.9 or newer, nothing else); they import
nothing but one another and the standard library.
"""
