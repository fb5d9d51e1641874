"""By hand: results entered by the professional who tested, and sampling drives whose tubes a laboratory analyses."""
