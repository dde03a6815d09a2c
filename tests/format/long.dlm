dlm 1
let a = foo(first_argument: some_value_with_a_name, second_argument: another_value_with_a_name, third_argument: [1, 2, 3, 4])
let b = if condition_one and condition_two and condition_three and condition_four then first_value_of_this else if other then second_value_of_this else third_value
let c = sum(for a in k, b in k, c in C => x[i + a, j + b, c] * w[a, b, c, o] + another_value_with_a_name * yet_another_value_x)
let d = a == b and c == d and first_argument_with_a_name == second_argument_with_a_name or first_argument_with_a_name != second_argument
loss elbo(beta: real = 1.0) on (out: vae.output, same: f32[28, 28, 1]) = sum(bernoulli_nll(out.recon, same)) + beta * 0.5 * sum(exp(out.logvar) + out.mu^2 - 1 - out.logvar)
layer f on x: f32[A_very_long_name, Another_very_long_name, Yet_another_very_long_name] -> f32[A_very_long_name, Another_very_long_name] { x }
model vae(a: int) on (recon: logit[28, 28, 1], mu: f32[latent], logvar: f32[latent]) -> (recon: logit[28, 28, 1], mu: f32[latent], logvar: f32[latent]) across batch { x }
train {
  metrics: [accuracy, top(5), f1(macro), f1(micro) as micro, calibration(bins: 10), another_metric(a: 1), yet_another_metric(b: 2)]
  freeze stem, stage1, stage2, stage3, stage4, stage5.conv.with_a_long_name, stage6.conv.with_a_long_name, stage7.conv.with_a_long until 3 epochs
  loss: focal(gamma: 1.5) on first_output_of_the_model + 0.1 * cross_entropy on second_output_of_the_model + 0.2 * mse on third_output_of_it
}
data d {
  input photo: image[224, 224, 3] = file |> decode |> resize(256px, side: short) |> center_crop(224px) |> scale(0 .. 1) |> normalize(imagenet)
  input name_of: tokens[32, 10000] = columns("a very long name of a column that is here", "another very long name of a column that is here") |> words
}
model m on x: f32[4] -> f32[1] {
  a = x |> dense(8) as one |> dense(9) as two |> dense_with_a_longer_name(10) as three |> dense_with_a_longer_name(11) as four |> f
  (first_name, second_name) = x |> split_with_a_very_long_name(first_argument: 2, second_argument: 3, third_argument: 4, fourth_argument: 5)
  require first_argument_with_a_name == second_argument_with_a_name, "the first argument must be the second argument, and not another"
  x |> dense(8) as one |> dense(9) as two |> dense_with_a_longer_name(10) as three |> dense_with_a_longer_name(11) as four |> relu
}
