        concat}
}(