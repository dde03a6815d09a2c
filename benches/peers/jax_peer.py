"""Some workloads with JAX, from the weights and on the batch that dlmc recorded."""

import jax
import jax.numpy as jnp

name, version = "JAX", jax.__version__


def prepare(threads):
    """JAX uses the cores that the process may run on."""


def descend(loss, update, weights, x, y, steps):
    """A function of so many updates in one call, which gives the losses before them, without regularizers."""

    def one(carry, _):
        weights, state, t = carry
        (_, value), grads = jax.value_and_grad(loss, has_aux=True)(weights, x, y)
        weights, state = update(weights, grads, state, t)
        return (weights, state, t + 1), value

    zeros = lambda: jax.tree.map(jnp.zeros_like, weights)  # noqa: E731
    carry = (weights, (zeros(), zeros()), jnp.float32(1))
    run = jax.jit(lambda carry: jax.lax.scan(one, carry, None, length=steps))
    if steps == 1:
        run = jax.jit(lambda carry: one(carry, None), donate_argnums=0)

    def call():
        nonlocal carry
        carry, losses = run(carry)
        return list(jax.block_until_ready(losses).reshape(-1))

    return call


def sgd(lr):
    def update(weights, grads, state, _):
        return jax.tree.map(lambda p, g: p - lr * g, weights, grads), state

    return update


def adam(lr, b1=0.9, b2=0.999, eps=1e-8):
    def update(weights, grads, state, t):
        m, v = state
        m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
        v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
        rate, other = lr / (1 - b1**t), jnp.sqrt(1 - b2**t)
        moved = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) / other + eps), weights, m, v)
        return moved, (m, v)

    return update


def states(record, paths):
    return {path: {part: jnp.array(record[f"state.{path}.{part}"]) for part in "wb"} for path in paths}


def cross_entropy(scores, y):
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), y[:, None], 1).mean()


def xor(record, steps):
    def loss(net, x, y):
        hidden = jnp.tanh(x @ net["hidden"]["w"] + net["hidden"]["b"])
        value = jnp.mean((hidden @ net["out"]["w"] + net["out"]["b"] - y) ** 2)
        return value, value

    x, y = jnp.array(record["feed.x"]), jnp.array(record["feed.y"]).reshape(4, 1)
    return descend(loss, sgd(0.5), states(record, ["hidden", "out"]), x, y, steps)


def mlp(record, steps):
    def loss(net, x, y):
        x = jax.nn.relu(x @ net["fc1"]["w"] + net["fc1"]["b"])
        x = jax.nn.relu(x @ net["fc2"]["w"] + net["fc2"]["b"])
        value = cross_entropy(x @ net["out"]["w"] + net["out"]["b"], y)
        return value + 1e-4 * sum(jnp.sum(it["w"] ** 2) for it in net.values()), value

    x, y = jnp.array(record["feed.image"]), jnp.array(record["feed.digit"])
    return descend(loss, adam(1e-3), states(record, ["fc1", "fc2", "out"]), x.reshape(len(x), -1), y, steps)


def lenet(record, steps):
    def conv(x, layer):
        dimensions = ("NHWC", "HWIO", "NHWC")
        x = jax.lax.conv_general_dilated(x, layer["w"], (1, 1), "SAME", dimension_numbers=dimensions)
        return jax.nn.relu(x + layer["b"])

    def pool(x):
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def loss(net, x, y):
        x = pool(conv(pool(conv(x, net["conv1"])), net["conv2"]))
        x = jax.nn.relu(x.reshape(len(x), -1) @ net["fc1"]["w"] + net["fc1"]["b"])
        value = cross_entropy(x @ net["fc2"]["w"] + net["fc2"]["b"], y)
        return value, value

    x, y = jnp.array(record["feed.image"]), jnp.array(record["feed.digit"])
    return descend(loss, adam(1e-3), states(record, ["conv1", "conv2", "fc1", "fc2"]), x, y, steps)


# Updates in one call; a convolution in such a loop takes fifty times as long as alone.
scanned = {"xor": 500, "mlp64": 20, "mlp256": 20}
workloads = {"xor": xor, "mlp64": mlp, "mlp256": mlp, "lenet": lenet}


def sides(_):
    """For each side, what makes a step of a workload from a record, and how many updates it is."""
    return {
        "jax": {name: (make, 1) for name, make in workloads.items()},
        "jax scan": {name: (workloads[name], updates) for name, updates in scanned.items()},
    }
