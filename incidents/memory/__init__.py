"""WebSockets, and reload upon reload, in a container of 150 MiB."""
