"""The predictions with ONNX Runtime: the same networks as graphs of its operations, with the weights and examples that dlmc recorded."""

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

name, version = "ONNX Runtime", onnxruntime.__version__
options = onnxruntime.SessionOptions()


def prepare(threads):
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3


class Graph:
    """A graph that is written from its input on."""

    def __init__(self, record):
        self.record, self.nodes, self.constants = record, [], []

    def constant(self, array):
        at = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(array), at))
        return at

    def state(self, path):
        return self.constant(self.record[f"state.{path}"])

    def op(self, kind, *inputs, **attributes):
        at = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [at], **attributes))
        return at

    def dense(self, x, path):
        return self.op("Gemm", x, self.state(f"{path}.w"), self.state(f"{path}.b"))

    def rows(self, x, path):
        """A dense layer on several places of an example."""
        return self.op("Add", self.op("MatMul", x, self.state(f"{path}.w")), self.state(f"{path}.b"))

    def conv(self, x, path):
        weights = self.constant(self.record[f"state.{path}.w"].transpose(3, 2, 0, 1))
        x = self.op("Conv", x, weights, self.state(f"{path}.b"), pads=[1, 1, 1, 1])
        return self.op("MaxPool", self.op("Relu", x), kernel_shape=[2, 2], strides=[2, 2])

    def norm(self, x, path):
        scale, shift = self.state(f"{path}.scale"), self.state(f"{path}.shift")
        return self.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)

    def ready(self, given, result):
        """A function of what the graph makes of `given`."""
        kind = TensorProto.FLOAT if given.dtype == numpy.float32 else TensorProto.INT64
        self.nodes.append(helper.make_node("Identity", [result], ["result"]))
        inputs = [helper.make_tensor_value_info("given", kind, given.shape)]
        results = [helper.make_tensor_value_info("result", TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "graph", inputs, results, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        feeds = {"given": given}
        return lambda: session.run(None, feeds)[0]


def mlp(record):
    graph = Graph(record)
    x = graph.op("Relu", graph.dense("given", "fc1"))
    x = graph.op("Relu", graph.dense(x, "fc2"))
    image = record["feed.image"]
    return graph.ready(image.reshape(len(image), -1), graph.dense(x, "out"))


def lenet(record):
    graph = Graph(record)
    x = graph.conv(graph.conv("given", "conv1"), "conv2")
    # What is flattened has its channels last in dlmc, here first.
    weights = record["state.fc1.w"].reshape(7, 7, 64, 128).transpose(2, 0, 1, 3).reshape(3136, 128)
    x = graph.op("Gemm", graph.op("Flatten", x), graph.constant(weights), graph.state("fc1.b"))
    x = graph.dense(graph.op("Relu", x), "fc2")
    return graph.ready(numpy.ascontiguousarray(record["feed.image"].transpose(0, 3, 1, 2)), x)


def gpt(record, layers=4, heads=4, width=128, places=128):
    graph = Graph(record)
    text = record["feed.text"].astype(numpy.int64)
    ahead = numpy.where(numpy.tril(numpy.ones((places, places), bool)), 0, -numpy.inf).astype(numpy.float32)
    ahead = graph.constant(ahead)
    scale = graph.constant(numpy.float32((width // heads) ** -0.5))
    apart = graph.constant(numpy.array([len(text), places, heads, width // heads]))
    whole = graph.constant(numpy.array([len(text), places, width]))

    def parts(x, path, order):
        return graph.op("Transpose", graph.op("Reshape", graph.rows(x, path), apart), perm=order)

    def attention(x, path):
        query, value = parts(x, f"{path}.query", [0, 2, 1, 3]), parts(x, f"{path}.value", [0, 2, 1, 3])
        scores = graph.op("MatMul", query, parts(x, f"{path}.key", [0, 2, 3, 1]))
        scores = graph.op("Softmax", graph.op("Add", graph.op("Mul", scores, scale), ahead), axis=-1)
        mixed = graph.op("Transpose", graph.op("MatMul", scores, value), perm=[0, 2, 1, 3])
        return graph.rows(graph.op("Reshape", mixed, whole), f"{path}.out")

    x = graph.op("Add", graph.op("Gather", graph.state("tok.w"), "given"), graph.state("pos.w"))
    for at in range(layers):
        path = f"blocks[{at}]"
        x = graph.op("Add", x, attention(graph.norm(x, f"{path}.norm1"), f"{path}.attend"))
        up = graph.op("Gelu", graph.rows(graph.norm(x, f"{path}.norm2"), f"{path}.up"))
        x = graph.op("Add", x, graph.rows(up, f"{path}.down"))
    tied = graph.constant(record["state.tok.w"].T)
    return graph.ready(text, graph.op("MatMul", graph.norm(x, "norm"), tied))


def predictors(_):
    """For each side, what makes the prediction of a workload from a record."""
    return {"onnx": {"mlp64": mlp, "lenet": lenet, "gpt_small": gpt}}
