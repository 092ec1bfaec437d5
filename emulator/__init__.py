"""A Java-free Firestore emulator and Security Rules engine that takes the place of Google's two jars."""
