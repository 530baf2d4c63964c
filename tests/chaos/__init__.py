"""Load, faults, and a look from outside at what became of it all: `./dev chaos`."""
