"""What moves work along without knowing what the work is: journal, mailbox, poller, timers."""
