"""The part of the workbench that answers browsers. It holds no right: it asks the desk, through `client`."""
