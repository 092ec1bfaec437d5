"""What ./kit runs: one module per subcommand, and the few ideas they share."""
