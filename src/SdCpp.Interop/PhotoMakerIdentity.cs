namespace SdCpp.Interop;

/// <summary>
/// A person to generate (<see cref="DiffusionModelOptions.PhotoMakerPath"/>), where the prompt has the word <c>img</c> behind the one that says what
/// the person is: <c>a man img in a garden</c>. A prompt without it is refused.
/// </summary>
/// <param name="Images">Photographs of the person, one or more, any size, 3 channels, at most 16 images in one request. Only read.</param>
/// <param name="StyleStrength">How much the style counts against the likeness, 0 to 100.</param>
/// <param name="EmbeddingPath">PhotoMaker 2: the file of the person's embedding; null for version 1.</param>
public sealed record PhotoMakerIdentity(IReadOnlyList<ImageBuffer> Images, float StyleStrength = 20, string? EmbeddingPath = null);
