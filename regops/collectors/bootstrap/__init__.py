"""Images kept in Swift: listed, fetched, checked, loaded, stored and started."""
