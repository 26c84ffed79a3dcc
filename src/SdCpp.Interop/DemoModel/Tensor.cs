namespace SdCpp.Interop;

/// <summary>A dense array of numbers with a shape, outermost dimension first (as PyTorch prints it), zero until written.</summary>
internal sealed class Tensor
{
    internal Tensor(params int[] shape)
    {
        Shape = shape;
        var count = 1;
        foreach (var size in shape) count = checked(count * size);
        Data = new float[count];
    }

    /// <summary>The sizes, outermost first.</summary>
    internal int[] Shape { get; }

    /// <summary>The numbers, the last index running fastest.</summary>
    internal float[] Data { get; }

    /// <summary>True if not one number differs from zero.</summary>
    internal bool IsZero => !Data.AsSpan().ContainsAnyExcept(0f);

    /// <summary>An element of a vector.</summary>
    internal ref float this[int i] => ref Data[i];

    /// <summary>An element of a matrix.</summary>
    internal ref float this[int row, int column] => ref Data[(row * Shape[1]) + column];

    /// <summary>An element of a convolution kernel: output channel, input channel, row, column.</summary>
    internal ref float this[int output, int input, int y, int x] =>
        ref Data[(((((output * Shape[1]) + input) * Shape[2]) + y) * Shape[3]) + x];

    /// <summary>A vector of equal numbers.</summary>
    internal static Tensor Filled(int length, float value)
    {
        var tensor = new Tensor(length);
        tensor.Data.AsSpan().Fill(value);
        return tensor;
    }
}

/// <summary>The tensors of one model file, in the order they are written.</summary>
internal sealed class TensorSet
{
    private readonly List<NamedTensor> _tensors = [];

    /// <summary>The tensors with their names and storage types.</summary>
    internal IReadOnlyList<NamedTensor> Tensors => _tensors;

    /// <summary>Adds a tensor to be stored as it is.</summary>
    internal Tensor Add(string name, Tensor tensor, GgufType type = GgufType.F32)
    {
        _tensors.Add(new NamedTensor(name, tensor, type));
        return tensor;
    }

    /// <summary>Adds an empty tensor to be filled in.</summary>
    internal Tensor Add(string name, GgufType type, params int[] shape) => Add(name, new Tensor(shape), type);

    /// <summary>Stores every matrix that stayed empty in the smallest type: zero is exact in all of them.</summary>
    internal void ShrinkEmptyMatrices()
    {
        for (var i = 0; i < _tensors.Count; i++)
            if (_tensors[i].Tensor is { Shape: [_, _], IsZero: true }) _tensors[i] = _tensors[i] with { Type = GgufType.Q4_0 };
    }
}

/// <summary>A tensor, its name in the file and the type it is stored in.</summary>
internal sealed record NamedTensor(string Name, Tensor Tensor, GgufType Type);
