"""Routes and messages of the studio, one module a page or a panel that several pages share; no logic."""
