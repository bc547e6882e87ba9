"""The workbench: a lab in a browser, for one student on a laptop and for a class on a server.

    browser → guard → pages → client → (door) → desk → flow

`guard` decides about each request, `pages` writes HTML. They hold no right: they ask
`desk` for all that needs the state folder or a host. It is in the same process or, if `serve` is root, behind
the door.
"""
