mse{=
}