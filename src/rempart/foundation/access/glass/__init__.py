"""Breaking the glass: an investigator sees other departments for some hours, with a reason, and is watched."""
