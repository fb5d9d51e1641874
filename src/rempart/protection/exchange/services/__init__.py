"""What can be done with a file on its way: offered, brought, fetched, withdrawn, swept away."""
