"""The tables of docs/reference/, a module per page."""
