"""What a step is given: parameters, answers to questions, command lines, and secrets by the environment."""
