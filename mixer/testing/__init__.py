"""What tests of outside code may use."""
