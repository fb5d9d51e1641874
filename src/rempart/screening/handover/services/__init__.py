"""What is done with certificates to hand over: found a mailbox for, written, made, listed, marked."""
