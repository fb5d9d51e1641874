"""An SMS centre that speaks SMPP 3.4: it takes text messages, sends receipts and what telephones answer."""
