freeze *
freeze