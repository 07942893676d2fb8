"""What one model does on held-out data: loss on all response tokens, tasks that can be marked, and generations.

    evaluation = evaluate(loaded.model, loaded.tokenizer, held_out, verdicts, settings, folder, name="base")
"""
