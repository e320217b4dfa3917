def load(:
    pass
