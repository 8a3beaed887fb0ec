"""The table: names of Keras, by their place below `keras`, and the way out. What lies below a module of the
table is missing with it. Members of classes stand at the class's name.
"""

from __future__ import annotations


def _rows(module: str, names: str, way_out: str) -> dict[str, str]:
    return {f"{module}{name}": way_out for name in names.split()}


_MEANWHILE = "A subclass of Layer can do it meanwhile"
_IMAGES = (
    "NumPy, Pillow or SciPy change images before training, or in a narae.utils.PyDataset, batch by batch. "
    + _MEANWHILE
)
_TEXT = (
    "np.unique(values, return_inverse=True), np.digitize make numbers of categories before training. "
    + _MEANWHILE
)
_LAYERS = {
    "layers.RotaryEmbedding": _MEANWHILE,
    **_rows(
        "layers.",
        "CategoryEncoding Discretization HashedCrossing Hashing IntegerLookup StringLookup "
        "TextVectorization",
        _TEXT,
    ),
    **_rows(
        "layers.",
        "AugMix AutoContrast CenterCrop CutMix Equalization MixUp MaxNumBoundingBoxes RandAugment "
        "ContrastLimitedAdaptiveHistogramEqualization RandomBrightness RandomColorDegeneration "
        "RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip "
        "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective "
        "RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear "
        "RandomTranslation RandomZoom Resizing Solarization",
        _IMAGES,
    ),
    **_rows(
        "layers.",
        "MelSpectrogram STFTSpectrogram",
        f"narae.ops.stft and narae.ops.rfft are there. {_MEANWHILE}",
    ),
    **_rows(
        "layers.",
        "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper",
        f"it wraps another library's code. {_MEANWHILE}",
    ),
    "layers.Pipeline": "a Sequential model chains layers",
}

_COMPLEX = "narae has no complex numbers; fft and its kin take and give pairs (real, imaginary)"
_OPS = {
    f"{module}{name}": why
    for module in ("ops.", "ops.nn.", "ops.linalg.", "ops.numpy.")
    for name, why in {
        **dict.fromkeys(("eig", "polar", "view_as_complex", "view_as_real"), _COMPLEX),
        "image": "Pillow or SciPy do it outside of a model",
    }.items()
}

_CALLBACKS = {
    "callbacks.OrbaxCheckpoint": "ModelCheckpoint saves `.keras` files; BackupAndRestore keeps the whole "
    "state",
    "callbacks.TensorBoard": "History.plot() draws the curves, CSVLogger writes them to a file; a "
    "LambdaCallback may hand them to a SummaryWriter (tensorboardX or torch.utils.tensorboard)",
}

_FOLDERS = "narae.utils.PyDataset with load_img reads a folder batch by batch"
_UTILS = {
    **_rows("utils.", "audio_dataset_from_directory image_dataset_from_directory", _FOLDERS),
    "utils.text_dataset_from_directory": _FOLDERS,
    "utils.Config": "a types.SimpleNamespace or a dict holds named values",
    "utils.FeatureSpace": "Normalization, and NumPy before training, prepare columns",
    "utils.bounding_boxes": "NumPy does the arithmetic of boxes",
    "utils.get_file": "urllib.request.urlretrieve downloads a file",
    "utils.get_source_inputs": "model.inputs has the inputs of a model",
    "utils.legacy": "it is about Keras 2",
    "utils.split_dataset": "slices split arrays; fit(validation_split=...) does it for training",
    **_rows("preprocessing.", "image_dataset_from_directory text_dataset_from_directory", _FOLDERS),
    "preprocessing.image.smart_resize": "Pillow's Image.resize(size, box=...) crops and resizes",
}

_POLICIES = {
    "dtype_policies.DTypePolicyMap": "give each layer its own policy: Dense(10, dtype='float32')",
    **_rows(
        "dtype_policies.",
        "AWQDTypePolicy GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy "
        "QuantizedFloat8DTypePolicy",
        "weights in less than 16 bits come in a later version; 'mixed_bfloat16' is there",
    ),
}
_CONFIG = {
    "config.enable_unsafe_deserialization": "files never run code; register the functions that they name "
    "with narae.saving.register_keras_serializable()",
}

_HALVES = "mixed precision is there: narae.mixed_precision.set_global_policy(...)"
_MEMORY = (
    "narae plans each program's memory as a whole, and takes no hints on what to compute twice"
)
_EXPORT = "model.save('file.keras') writes what Keras reads, and exports"
_PACKAGE = {
    "applications": "load a model that Keras saved: narae.saving.load_model('file.keras')",
    "distillation": "a subclass of Model whose compute_loss adds the distance to the teacher's "
    "predictions does it",
    "export": _EXPORT,
    "legacy": "it is about files of Keras 2; narae.saving.load_model reads whole `.h5` models",
    "quantizers": _HALVES,
    "visualization": "matplotlib's imshow shows pictures; narae.inspect and narae.utils.plot_model show "
    "models",
    "wrappers": "write a scikit-learn estimator whose fit and predict call the model's",
    "device": "NARAE_EXECUTOR chooses where programs run",
    "Function": "narae.Model(inputs, outputs) computes outputs from inputs; narae.jit compiles a function",
    "Operation": "layers are subclasses of narae.Layer; functions of narae.ops take symbolic tensors",
    "Quantizer": _HALVES,
    "RematScope": _MEMORY,
    "remat": _MEMORY,
    "StatelessScope": "narae.grad, narae.value_and_grad and Model.stateless_call are there",
    "SymbolicScope": "narae.KerasTensor and Layer.compute_output_spec infer shapes",
    "optimizers.legacy": "narae.optimizers has the optimizers of Keras 3, where the legacy ones are gone",
    "saving.KerasFileEditor": "a `.weights.h5` file is an HDF5 file: h5py reads and changes it; in a "
    "`.keras` file, a zip archive, it is called model.weights.h5",
    **_rows(
        "datasets.",
        "boston_housing california_housing cifar10 cifar100 fashion_mnist imdb reuters",
        "only mnist ships with narae, which downloads nothing. Get the arrays with "
        "Keras (load_data()), np.savez them, and np.load them here",
    ),
}

_PIPELINES = "it is about TensorFlow's data pipelines; fit takes a tf.data.Dataset, and shares its batches out"
_JAX = "it hands JAX's state around; narae's variables hold theirs"
_MEMBERS = {
    **_rows("Layer.", "quantize quantized_build quantized_call", _HALVES),
    **_rows("Model.", "get_quantization_layer_structure", _HALVES),
    "Layer.rematerialized_call": _MEMORY,
    **_rows(
        "",
        "Dense.variable_serialization_spec EinsumDense.variable_serialization_spec "
        "Embedding.variable_serialization_spec",
        _HALVES,
    ),
    **_rows("", "Normalization.convert_weight Rescaling.convert_weight", _PIPELINES),
    "Distribution.distribute_tf_dataset": _PIPELINES,
    "Model.export": _EXPORT,
    "Model.jax_state_sync": _JAX,
    "FullRank.enable_lora": "freeze the layer (trainable=False), and add a Dense(rank) and a Dense(units) to "
    "it",
}

MISSING = {
    **_LAYERS,
    **_OPS,
    **_CALLBACKS,
    **_UTILS,
    **_POLICIES,
    **_CONFIG,
    **_PACKAGE,
    **_MEMBERS,
}
