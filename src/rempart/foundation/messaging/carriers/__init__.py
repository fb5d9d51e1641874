"""Who brings letters out: a mail server, an SMS operator."""
