"""Did it help? Arms that share initial weights, data order, seeds and learning rate, each trained and evaluated alike.

    comparison = begin(run, thresholds, settings, training, evaluation, name)   # xtf.comparison.folder
    compare(comparison, progress)                                               # xtf.comparison.work, loads models
    result(comparison).verdict                                                  # xtf.comparison.result, does not
"""
