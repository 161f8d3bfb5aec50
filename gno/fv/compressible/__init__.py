"""Flow of a gas without friction, at the nodes of any mesh."""
