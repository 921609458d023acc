"""The typed methods of the client, by subject. ``client.VendorClient`` is all of them together."""
