"""A throw-away registry to practise on: a real container, built and run on the local engine."""
