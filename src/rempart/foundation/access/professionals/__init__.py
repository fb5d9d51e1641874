"""Professionals who sign in by card, by phone (e-CPS): what they are here, their account, their pages."""
