"""Source ``comtrade``: raw trade asked from UN Comtrade, reconciled by this project's own rule."""
