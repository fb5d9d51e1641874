"""How somebody of a laboratory gets an account without a card: by the laboratory's number and a code by post."""
