"""From a source to tokens: where data is, what format it has, how it is rendered and which tokens are trainable."""
