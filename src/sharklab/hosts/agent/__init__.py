"""The program that runs on a borrowed machine: it examines it, keeps its state, and puts it back.

`providers.remote` sends these modules to the machine's Python (3.9 or newer, nothing else); they import
nothing but one another and the standard library.
"""
