"""The Firestore domain: what a database does, without I/O and without a transport."""
