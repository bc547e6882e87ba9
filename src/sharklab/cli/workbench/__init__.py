"""The workbench: a lab in a browser, for one student on a laptop and for a class on a server.

    browser → web.guard → web.pages → client → (door) → desk → flow

`web` decides about each request and writes HTML. It holds no right: it asks `desk` for all that needs the
state folder or a host. The desk is in the same process or, if `serve` is root, behind the door.
"""
