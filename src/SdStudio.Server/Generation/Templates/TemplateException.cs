namespace SdStudio.Server.Generation.Templates;

/// <summary>A template that cannot be expanded; the message says where and why.</summary>
internal sealed class TemplateException(string message) : Exception(message);
