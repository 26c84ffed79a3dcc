namespace SdCpp.Interop;

/// <summary>A tensor that a model file holds.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its size in each dimension, outermost first as in PyTorch, whatever the file's own order.</param>
/// <param name="Type">How its numbers are kept, e.g. <c>f16</c> or <c>q4_k</c>.</param>
/// <param name="Bytes">What it takes in the file.</param>
public sealed record ModelTensor(string Name, IReadOnlyList<long> Shape, string Type, long Bytes);
