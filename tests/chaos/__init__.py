"""Load and faults, then checks from outside that nothing was lost or done twice: `./dev chaos`."""
