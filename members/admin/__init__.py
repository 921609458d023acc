"""The admin's pages of members. Importing this package registers them."""
