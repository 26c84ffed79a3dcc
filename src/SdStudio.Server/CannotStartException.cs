namespace SdStudio.Server;

/// <summary>The server cannot start for a reason that its operator can fix; the message is one sentence with the file or setting and the remedy.</summary>
internal sealed class CannotStartException(string message, Exception? inner = null) : Exception(message, inner);
