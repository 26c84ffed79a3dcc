namespace SdCpp.Interop;

/// <summary>What a number may be.</summary>
/// <param name="Low">The smallest value.</param>
/// <param name="High">The largest value.</param>
public readonly record struct SdLimit(double Low, double High);
