namespace SdStudio.Server.Workers;

/// <summary>The engine returned an image that is none.</summary>
internal sealed class BrokenImageException(string message) : Exception(message);
