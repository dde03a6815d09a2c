  radius:
}