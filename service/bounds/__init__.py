"""From counted figures and a question to the least and the most people, with the proof of both."""
