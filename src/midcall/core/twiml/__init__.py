"""What a call does next: TwiML as a program whose outcomes are events."""
