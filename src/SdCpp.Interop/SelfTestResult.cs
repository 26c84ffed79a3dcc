namespace SdCpp.Interop;

/// <summary>What came of <see cref="SdEngine.SelfTestAsync"/>.</summary>
/// <param name="Passed">Whether the image is the expected one.</param>
/// <param name="Device">The device it was generated on; empty when the engine does not list its devices.</param>
/// <param name="LoadSeconds">How long loading the model took, or took until it failed, seconds.</param>
/// <param name="ImageSeconds">How long generating took, the first call's preparations of the device included, or took until it failed, seconds; 0 when the model was not loaded.</param>
/// <param name="Difference">How far the image is from the expected one; null when there is no image.</param>
/// <param name="Problem">In words, why it did not pass; null when it passed.</param>
public sealed record SelfTestResult(
    bool Passed, string Device, double LoadSeconds, double ImageSeconds, ChannelDifference? Difference, string? Problem);
